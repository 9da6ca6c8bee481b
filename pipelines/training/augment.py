"""Random poses and scanners for batches of slices: vectorised, on any device.

Every slice draws from a stream of its own, so that its seed alone fixes how it looks.
"""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F

from callosal.pipelines.training.anatomy import pale_callosa, widen_ventricles
from callosal.pipelines.training.contrast import random_weighting, slipped_rows
from callosal.pipelines.training.draws import Draws
from callosal.pipelines.training.scanner import (
    add_noise,
    bias_field,
    fields_of_view,
    random_blur,
    random_contrast,
)
from callosal.pipelines.training.smooth_fields import smooth

SHARES: Final = (
    "anywhere", "invert", "thick", "strip", "cut", "wide", "pale", "weighting", "slipped",
)  # fmt: skip
"""Names of those settings that say how many of the slices."""


@dataclass(frozen=True)
class Augmentation:
    """What a training slice may look like.

    Attributes:
        crop_mm: Side of the square crop that the network sees, in mm.
        angle_deg: Largest in-plane rotation to either side.
        shift_mm: Largest distance of the callosum from the crop centre along each axis.
        log_scale: Largest natural log of the zoom, to either side.
        bend_mm: Standard deviation of the smooth random displacement.
        anywhere: Share of crops centred anywhere in the slice, so that the neck, the face and
            air are learned as background too.
        invert: Share of slices with inverted contrast (T2-like).
        thick: Share of slices blurred along one axis, as a reformat of thick slices is.
        strip: Share of slices shown without skull and face.
        cut: Share of slices with part of the field of view missing.
        wide: Share of slices with a wide, dark ventricle under a thinner callosum.
        pale: Share of slices whose callosum is less bright than it was.
        weighting: Share of slices with the tissue contrast of another weighting (T2, FLAIR,
            proton density, an infant's T1, or one that no scanner gives).
        slipped: Share of slices whose rows slipped against each other, as in a reformat of axial
            slices between which the patient moved.

    Raises:
        ValueError: A share is not between 0 and 1, or the crop has no size.
    """

    crop_mm: float = 160.0
    angle_deg: float = 46.0
    shift_mm: float = 32.0
    log_scale: float = 0.25
    bend_mm: float = 1.0
    anywhere: float = 0.15
    invert: float = 0.10
    thick: float = 0.15
    strip: float = 0.15
    cut: float = 0.15
    wide: float = 0.0
    pale: float = 0.0
    weighting: float = 0.0
    slipped: float = 0.0

    def __post_init__(self) -> None:
        for name in SHARES:
            share = getattr(self, name)
            if not 0 <= share <= 1:
                raise ValueError(f"augmentation.{name}: {share} is no share; use 0 to 1")
        if not self.crop_mm > 0:
            raise ValueError(f"augmentation.crop_mm: {self.crop_mm} is no size in mm")


def augment(
    images: Tensor,
    masks: Tensor,
    spacing_mm: float,
    settings: Augmentation,
    draws: Draws,
) -> tuple[Tensor, Tensor]:
    """Draw one random crop of every slice.

    Args:
        images: Slices, float32, shape (B, 1, S, S).
        masks: 0 or 1, float32, same shape.
        spacing_mm: Pixel size in mm.
        settings: Ranges of the augmentation.
        draws: One stream of random numbers a slice, on the device of the images.

    Returns:
        Crops and their soft masks (share of each pixel inside the callosum), both
        (B, 1, C, C) with C = crop_mm / spacing_mm.
    """
    callosa = _mask_centers(masks)
    stripped, brain = _brains(callosa, images.shape[-1], spacing_mm, settings.strip, draws)
    grid = _random_grid(callosa, images.shape[-1], spacing_mm, settings, draws)
    grid, light = widen_ventricles(grid, masks, spacing_mm, settings.wide, draws)
    grid = slipped_rows(grid, spacing_mm, settings.slipped, draws)
    image = F.grid_sample(images, grid, align_corners=False)
    image[stripped] = F.grid_sample(images[stripped] * brain, grid[stripped], align_corners=False)
    mask = F.grid_sample(masks, grid, align_corners=False)
    image *= light * pale_callosa(mask, settings.pale, draws)
    image = random_weighting(image, mask, spacing_mm, settings.weighting, draws)
    image = random_contrast(image, settings.invert, draws)
    image *= bias_field(image.shape[-1], draws)
    image = random_blur(image, spacing_mm, settings.thick, draws)
    image = add_noise(image, spacing_mm, draws)
    cut, visible = fields_of_view(image.shape[-1], settings.cut, draws)
    image[cut] *= visible
    mask[cut] *= visible
    return image, mask


def _mask_centers(masks: Tensor) -> Tensor:
    """Centroid (x, y) of each mask in grid_sample units [-1, 1], shape (B, 2)."""
    size = masks.shape[-1]
    axis = (torch.arange(size, device=masks.device) * 2 + 1) / size - 1
    columns, rows = masks.sum(2)[:, 0], masks.sum(3)[:, 0]
    total = rows.sum(1).clamp(min=1.0)
    x = (columns * axis).sum(1) / total
    y = (rows * axis).sum(1) / total
    return torch.stack([x, y], dim=1)


def _random_grid(
    callosa: Tensor, size: int, spacing_mm: float, settings: Augmentation, draws: Draws
) -> Tensor:
    """Sampling grid of one random crop each, shape (B, C, C, 2), in grid_sample units."""
    crop = round(settings.crop_mm / spacing_mm)
    half_mm = size * spacing_mm / 2
    angle = torch.deg2rad(draws.uniform(-settings.angle_deg, settings.angle_deg))
    zoom = torch.exp(draws.uniform(-settings.log_scale, settings.log_scale, (1,)))
    stretch = torch.exp(draws.uniform(-0.08, 0.08, (1,)))
    scale = torch.cat([zoom * stretch, zoom / stretch], dim=1) * crop / size
    cos, sin = torch.cos(angle), torch.sin(angle)
    matrix = torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1)
    near = callosa + draws.uniform(-settings.shift_mm, settings.shift_mm, (2,)) / half_mm
    far = draws.uniform(-0.8, 0.8, (2,))
    center = torch.where(draws.chosen(settings.anywhere)[:, :, 0, 0], far, near)
    axis = (torch.arange(crop, device=callosa.device) * 2 + 1) / crop - 1
    # Each coordinate is a share of the column and a share of the row: no product over the picture.
    shares = matrix * scale[:, None, :]
    columns = shares[:, :, 0, None, None] * axis
    rows = (shares[:, :, 1, None] * axis + center[:, :, None])[..., None]
    bend = smooth(draws.normal((2, 6, 6)) * (settings.bend_mm / half_mm), crop)
    return bend.add_(rows).add_(columns).permute(0, 2, 3, 1)


def _brains(
    callosa: Tensor, size: int, spacing_mm: float, share: float, draws: Draws
) -> tuple[Tensor, Tensor]:
    """An egg around the callosum, about the brain, for a share of the slices.

    Returns:
        Which slices, bool of shape (B,), and for each of them 1 inside of the egg and 0 outside,
        (K, 1, size, size).
    """
    jitter = draws.uniform(-8, 8, (2,))
    radius_x = draws.uniform(72, 92, (1, 1))
    radius_y = draws.uniform(56, 74, (1, 1))
    knots = draws.normal((1, 12, 12))
    chosen = draws.chosen(share)[:, 0, 0, 0]
    axis = ((torch.arange(size, device=callosa.device) * 2 + 1) / size - 1) * size * spacing_mm / 2
    center_mm = (callosa * size * spacing_mm / 2 + jitter)[chosen]
    x = (axis[None, None, :] - center_mm[:, 0, None, None]) / radius_x[chosen]
    y = (axis[None, :, None] - center_mm[:, 1, None, None]) / radius_y[chosen]
    ragged = 0.06 * smooth(knots[chosen], size)
    return chosen, ((x**2 + y**2)[:, None] + ragged < 1).float()
