import pytest
import torch

from callosal.pipelines.phantom import phantom_slice
from callosal.pipelines.training.contrast import WEIGHTINGS, random_weighting, slipped_rows
from callosal.pipelines.training.draws import Draws, batch_seeds

SPACING_MM = 1.0
SEEDS = batch_seeds(4, 0, 24)


@pytest.fixture(scope="module")
def slices() -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures and masks, (24, 1, 255, 255): four phantoms, six times each."""
    drawn = [phantom_slice(seed % 4, (255, 255), SPACING_MM) for seed in range(24)]
    images, masks = (
        torch.stack([torch.from_numpy(one[part]).float()[None] for one in drawn]) for part in (0, 1)
    )
    return images / images.amax(), masks


def _inside(images: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    return (images * masks).sum((1, 2, 3)) / masks.sum((1, 2, 3))


def _beside(images: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """Mean of each picture on a ring of 3 mm about its mask."""
    ring = torch.nn.functional.max_pool2d(masks, 7, 1, 3) - masks
    return _inside(images, ring)


def test_callosa_come_darker_and_brighter_than_their_surroundings(slices) -> None:
    images, masks = slices
    changed = random_weighting(images, masks, SPACING_MM, 1.0, Draws(SEEDS))
    step = _inside(changed, masks) - _beside(changed, masks)
    assert (step > 0.05).sum() >= 4
    assert (step < -0.05).sum() >= 4
    assert changed.min() >= 0
    assert changed.isfinite().all()


def test_air_mostly_stays_darker_than_tissue(slices) -> None:
    images, masks = slices
    changed = random_weighting(images, masks, SPACING_MM, 1.0, Draws(SEEDS))
    corner, brightest = changed[..., :12, :12].mean((1, 2, 3)), changed.amax((1, 2, 3))
    assert (corner < 0.25 * brightest).float().mean() > 0.85


def test_a_share_is_changed_and_the_rest_stays(slices) -> None:
    images, masks = slices
    changed = random_weighting(images, masks, SPACING_MM, 0.5, Draws(SEEDS))
    same = (changed == images).flatten(1).all(1)
    assert 4 <= same.sum() <= 20
    assert random_weighting(images, masks, SPACING_MM, 0.0, Draws(SEEDS)) is images


def test_each_slice_depends_on_its_own_seed_alone(slices) -> None:
    images, masks = slices
    together = random_weighting(images, masks, SPACING_MM, 1.0, Draws(SEEDS))
    alone = random_weighting(images[5:6], masks[5:6], SPACING_MM, 1.0, Draws(SEEDS[5:6]))
    assert torch.allclose(together[5:6], alone, atol=1e-5)


def test_a_crop_without_a_callosum_is_not_changed(slices) -> None:
    images, masks = slices
    empty = torch.zeros_like(masks)
    assert torch.equal(random_weighting(images, empty, SPACING_MM, 1.0, Draws(SEEDS)), images)


def test_order_of_tissues_within_a_weighting_follows_its_table() -> None:
    t2, flair = WEIGHTINGS[0], WEIGHTINGS[2]
    assert t2[1] > t2[2] > t2[5]  # fluid, grey matter, callosum
    assert flair[2] > flair[5] > flair[1]


def test_rows_slip_against_each_other_along_the_rows_alone() -> None:
    still = torch.eye(2, 3).expand(len(SEEDS), -1, -1)
    shape = [len(SEEDS), 1, 255, 255]
    grid = torch.nn.functional.affine_grid(still, shape, align_corners=False)
    moved = slipped_rows(grid, SPACING_MM, 1.0, Draws(SEEDS))
    shift_mm = (moved - grid) * 255 / 2 * SPACING_MM
    assert shift_mm[..., 1].abs().max() < 1e-3
    along = shift_mm[..., 0]
    assert torch.allclose(along, along[:, :, :1].expand_as(along), atol=1e-3)
    assert 0.1 < along.std() < 1.5
    assert along.abs().max() < 6
    assert slipped_rows(grid, SPACING_MM, 0.0, Draws(SEEDS)) is grid
