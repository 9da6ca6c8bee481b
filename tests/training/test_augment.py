import pytest
import torch

from callosal.pipelines.phantom import phantom_slice
from callosal.pipelines.training.augment import Augmentation, augment
from callosal.pipelines.training.draws import Draws, batch_seeds

SPACING_MM = 1.0


@pytest.fixture(scope="module")
def batch() -> tuple[torch.Tensor, torch.Tensor]:
    pairs = [phantom_slice(seed, (256, 256), SPACING_MM) for seed in range(6)]
    images = torch.stack([torch.from_numpy(image)[None] / image.max() for image, _ in pairs])
    masks = torch.stack([torch.from_numpy(mask).float()[None] for _, mask in pairs])
    return images, masks


def _draw(batch, settings: Augmentation, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    return augment(*batch, SPACING_MM, settings, Draws(batch_seeds(seed, 0, len(batch[0]))))


STILL = Augmentation(
    angle_deg=0, shift_mm=0, log_scale=0, bend_mm=0, anywhere=0, invert=0, thick=0, strip=0, cut=0
)


def test_crops_have_the_asked_size_and_soft_masks(batch) -> None:
    images, masks = _draw(batch, Augmentation(crop_mm=128))
    assert images.shape == masks.shape == (6, 1, 128, 128)
    assert masks.min() >= 0
    assert masks.max() <= 1 + 1e-6
    assert torch.isfinite(images).all()


def test_one_seed_gives_one_batch(batch) -> None:
    first, again, other = (_draw(batch, Augmentation(), seed)[0] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_without_pose_changes_the_callosum_is_centred_and_keeps_its_area(batch) -> None:
    _, masks = _draw(batch, STILL)
    axis = torch.arange(masks.shape[-1]) - (masks.shape[-1] - 1) / 2
    total = masks.sum((1, 2, 3))
    assert ((masks.sum(2)[:, 0] * axis).sum(1) / total).abs().max() < 1.0
    # The remaining stretch along x and its inverse along y keep the area.
    assert torch.allclose(total, batch[1].sum((1, 2, 3)), rtol=0.03)


def test_mask_follows_the_image_through_any_pose(batch) -> None:
    images, masks = _draw(batch, Augmentation(anywhere=0, invert=0, cut=0, strip=0, shift_mm=10))
    for image, mask in zip(images, masks, strict=True):
        inside = image[mask > 0.9].mean()
        ring = torch.nn.functional.max_pool2d(mask[None], 9, 1, 4)[0] - mask
        around = image[ring > 0.9].mean()
        assert inside > 1.1 * around


def test_rotation_reaches_the_asked_angle(batch) -> None:
    settings = Augmentation(anywhere=0, cut=0, angle_deg=45, shift_mm=0, log_scale=0, bend_mm=0)
    angles = []
    for seed in range(8):
        _, masks = _draw(batch, settings, seed)
        for mask in masks[:, 0]:
            y, x = torch.nonzero(mask > 0.5, as_tuple=True)
            covariance = torch.cov(torch.stack([x.float(), -y.float()]))
            vector = torch.linalg.eigh(covariance).eigenvectors[:, 1]
            angles.append(torch.rad2deg(torch.atan(vector[1] / vector[0])))
    spread = torch.stack(angles)
    assert spread.max() > 30
    assert spread.min() < -30


def test_a_cut_field_of_view_cuts_the_mask_too(batch) -> None:
    images, masks = _draw(batch, Augmentation(cut=1.0, shift_mm=0, anywhere=0))
    assert (masks[images == 0] == 0).float().mean() > 0.999


def test_how_a_slice_looks_does_not_depend_on_the_batch_it_comes_in(batch) -> None:
    images, masks = batch
    together = _draw(batch, Augmentation(), 3)[0]
    seeds = batch_seeds(3, 0, 3, rank=1, ranks=2)
    apart = augment(images[1::2], masks[1::2], SPACING_MM, Augmentation(), Draws(seeds))[0]
    assert torch.allclose(together[1::2], apart, atol=1e-5)


@pytest.mark.parametrize("name", ["anywhere", "wide", "pale"])
@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_share_beyond_all_or_nothing_is_refused(name: str, share: float) -> None:
    with pytest.raises(ValueError, match=rf"augmentation\.{name}: .* use 0 to 1"):
        Augmentation(**{name: share})


def test_a_crop_without_size_is_refused() -> None:
    with pytest.raises(ValueError, match="crop_mm"):
        Augmentation(crop_mm=0)
