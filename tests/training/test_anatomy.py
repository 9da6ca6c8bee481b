import pytest
import torch

from callosal.pipelines.phantom import phantom_slice
from callosal.pipelines.training.anatomy import pale_callosa, widen_ventricles
from callosal.pipelines.training.augment import Augmentation, augment
from callosal.pipelines.training.draws import Draws, batch_seeds

SPACING_MM = 1.0
SEEDS = batch_seeds(4, 0, 6)


@pytest.fixture(scope="module")
def masks() -> torch.Tensor:
    drawn = [phantom_slice(seed, (255, 255), SPACING_MM)[1] for seed in range(6)]
    return torch.stack([torch.from_numpy(mask).float()[None] for mask in drawn])


@pytest.fixture(scope="module")
def grid(masks: torch.Tensor) -> torch.Tensor:
    """Every pixel where it is."""
    still = torch.eye(2, 3).expand(len(masks), -1, -1)
    return torch.nn.functional.affine_grid(still, list(masks.shape), align_corners=False)


def _sampled(masks: torch.Tensor, grid: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.grid_sample(masks, grid, align_corners=False)


def test_wide_ventricles_thin_the_callosum_from_below(masks, grid) -> None:
    moved, light = widen_ventricles(grid, masks, SPACING_MM, 1.0, Draws(SEEDS))
    thin = _sampled(masks, moved)
    share = thin.sum((1, 2, 3)) / masks.sum((1, 2, 3))
    assert share.max() < 0.95
    assert share.min() > 0.3
    for before, after, bright in zip(masks[:, 0], thin[:, 0], light[:, 0], strict=True):
        top, top_before = (torch.nonzero((m > 0.5).any(1))[0, 0] for m in (after, before))
        assert abs(int(top) - int(top_before)) <= 2
        lost = (before > 0.5) & (after < 0.1)
        assert bright[lost].mean() < bright[after > 0.9].mean()
    assert light.min() >= 0.1
    assert light.max() <= 1


def test_nothing_folds(masks, grid) -> None:
    moved, _ = widen_ventricles(grid, masks, SPACING_MM, 1.0, Draws(SEEDS))
    assert (moved[:, :, 1:, 0] > moved[:, :, :-1, 0]).all()
    assert (moved[:, 1:, :, 1] > moved[:, :-1, :, 1]).all()


def test_only_chosen_slices_are_widened(masks, grid) -> None:
    moved, light = widen_ventricles(grid, masks, SPACING_MM, 0.5, Draws(SEEDS))
    same = (moved == grid).flatten(1).all(1)
    assert 0 < same.sum() < len(masks)
    assert (light[same] == 1).all()
    assert (light[~same].flatten(1).min(1).values < 1).all()


def test_pale_callosa_are_darker_inside_alone(masks) -> None:
    light = pale_callosa(masks, 1.0, Draws(SEEDS))
    assert (light[masks == 0] == 1).all()
    inside = light.amin((1, 2, 3))
    assert inside.min() >= 0.65
    assert inside.max() < 1
    assert len(inside.unique()) == len(masks)
    assert (pale_callosa(masks, 0.5, Draws(SEEDS)).amin((1, 2, 3)) == 1).any()


def test_shares_of_nothing_draw_nothing(masks, grid) -> None:
    draws = Draws(SEEDS)
    moved, light = widen_ventricles(grid, masks, SPACING_MM, 0.0, draws)
    assert moved is grid
    assert (light == 1).all()
    assert (pale_callosa(masks, 0.0, draws) == 1).all()
    assert torch.equal(draws.uniform(0, 1), Draws(SEEDS).uniform(0, 1))


def test_crops_show_what_was_asked_for(masks) -> None:
    images = 0.3 + 0.7 * masks
    still = Augmentation(anywhere=0, invert=0, thick=0, strip=0, cut=0)
    asked = Augmentation(anywhere=0, invert=0, thick=0, strip=0, cut=0, wide=1.0, pale=1.0)
    (_, before), (picture, after) = (
        augment(images, masks, SPACING_MM, one, Draws(SEEDS)) for one in (still, asked)
    )
    assert after.sum() < 0.9 * before.sum()
    assert torch.isfinite(picture).all()
