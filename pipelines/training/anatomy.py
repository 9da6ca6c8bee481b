"""Random anatomy for batches of crops: wide ventricles under thin callosa, and pale callosa.

Healthy volunteers show neither, patients with large ventricles show both. Neither draws anything
where its share is 0, so that configs without them give the crops that they always gave.
"""

import math
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F

from callosal.pipelines.training.draws import Draws

PULL_MM: Final = (1.0, 3.5)
"""How strongly what lies at the border of ventricle and callosum is pulled up.

The pull falls away from the border, which so comes to lie 0.9 to 2.3 mm higher.
"""

REACH_MM: Final = 2.5
"""Standard deviation of the pull across that border; up to 1.6 times of it nothing folds."""

_COARSE_MM: Final = 2.0
"""Pixel size on which arches are found: they are smooth."""


def widen_ventricles(
    grid: Tensor, masks: Tensor, spacing_mm: float, share: float, draws: Draws
) -> tuple[Tensor, Tensor]:
    """Let the ventricle under a share of the callosa grow into them, and darken.

    Args:
        grid: Where each crop samples its slice, in grid_sample units, shape (B, C, C, 2).
        masks: Callosa of the slices, about level, 0 or 1, shape (B, 1, S, S).
        spacing_mm: Pixel size of the slices.
        share: Share of the slices that are changed.
        draws: One stream a slice.

    Returns:
        The grid, of chosen slices pulled toward the ventricle, and what the crops are to be
        multiplied by, shape (B, 1, C, C).
    """
    light = torch.ones_like(grid[..., :1]).permute(0, 3, 1, 2)
    if share == 0:
        return grid, light
    chosen = draws.chosen(share)[:, 0, 0, 0]
    pull_mm = draws.uniform(*PULL_MM, (1, 1, 1))[chosen]
    dark = draws.uniform(0.0, 0.8, (1, 1, 1))[chosen]
    if not chosen.any():
        return grid, light
    arch = _arches(masks[chosen], spacing_mm)
    half_mm = masks.shape[-1] * spacing_mm / 2
    toward = _slope(arch) * pull_mm / half_mm
    moved = grid[chosen] + F.grid_sample(toward, grid[chosen], align_corners=False).permute(
        0, 2, 3, 1
    )
    grid = grid.clone()
    grid[chosen] = moved
    light[chosen] = 1 - dark * F.grid_sample(arch, moved, align_corners=False)
    return grid, light


def pale_callosa(masks: Tensor, share: float, draws: Draws) -> Tensor:
    """What crops are to be multiplied by, so that a share of the callosa is less bright.

    Args:
        masks: Callosa of the crops, 0 to 1, shape (B, 1, C, C).
        share: Share of the crops that are changed.
        draws: One stream a crop.
    """
    if share == 0:
        return torch.ones_like(masks)
    chosen = draws.chosen(share)
    lost = draws.uniform(0.0, 0.35, (1, 1, 1))
    return 1 - torch.where(chosen, lost, 0.0) * masks


def _arches(masks: Tensor, spacing_mm: float) -> Tensor:
    """What lies under each callosum and between its ends, blurred, on pixels of about 2 mm."""
    small = F.adaptive_max_pool2d(masks, round(masks.shape[-1] * spacing_mm / _COARSE_MM))
    above = small.cummax(2).values
    left, right = small.cummax(3).values, small.flip(3).cummax(3).values.flip(3)
    return _blurred(above * left * right * (1 - small), REACH_MM / _COARSE_MM)


def _blurred(images: Tensor, sigma: float) -> Tensor:
    """Gaussian blur of images (B, 1, H, W) by a deviation in pixels."""
    reach = math.ceil(3 * sigma)
    steps = torch.arange(-reach, reach + 1, device=images.device)
    kernel = torch.exp(-0.5 * (steps / sigma) ** 2)
    kernel = kernel / kernel.sum()
    across = F.conv2d(images, kernel[None, None, None], padding=(0, reach))
    return F.conv2d(across, kernel[None, None, :, None], padding=(reach, 0))


def _slope(arch: Tensor) -> Tensor:
    """Gradient (x, y) of blurred arches (B, 1, H, W), of length 1 at a straight border."""
    right = (arch.roll(-1, 3) - arch.roll(1, 3)) / 2
    down = (arch.roll(-1, 2) - arch.roll(1, 2)) / 2
    slope = torch.cat([right, down], dim=1) * (REACH_MM / _COARSE_MM * math.sqrt(2 * math.pi))
    length: Tensor = torch.linalg.vector_norm(slope, dim=1, keepdim=True)
    return slope / length.clamp(min=1)
