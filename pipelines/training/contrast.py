"""Random tissue contrast for batches of slices: T1 slices that look like any other weighting.

Tissues are distinguished by their intensity relative to the callosum, which is white matter. A
random curve gives each intensity another one, inside the brain and outside of it by two curves
of their own: fluid, bone and air are all dark on T1 and part on T2. The callosum may get a value
of its own. The idea of random curves is that of Billot et al. 2023 (Med Image Anal 86:102789),
applied to real slices, so that partial volume and texture stay those of a scanner.
"""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from callosal.pipelines.training.draws import Draws
from callosal.pipelines.training.smooth_fields import smooth

KNOTS: Final = (0.0, 0.15, 0.4, 0.6, 0.8, 1.0, 1.25, 1.7)
"""Where the curves bend, in intensities of the callosum: air, fluid, grey matter, between grey
and white, white matter, callosum, bright white matter, fat."""

WEIGHTINGS: Final = {
    #                     air  fluid grey  mixed white call. brighter fat
    "t2": (0.05, 1.00, 0.55, 0.45, 0.35, 0.28, 0.30, 0.60),
    "fast_spin_echo_t2": (0.05, 0.90, 0.50, 0.35, 0.22, 0.15, 0.20, 0.85),
    "flair": (0.05, 0.10, 0.65, 0.58, 0.48, 0.42, 0.45, 0.50),
    "proton_density": (0.05, 0.75, 0.85, 0.75, 0.62, 0.58, 0.60, 0.80),
    "gradient_echo": (0.05, 0.45, 0.60, 0.58, 0.55, 0.55, 0.60, 0.90),
    "infant_t1": (0.05, 0.15, 0.55, 0.48, 0.38, 0.32, 0.40, 0.80),
    "inversion_recovery": (0.05, 0.90, 0.20, 0.40, 0.60, 0.70, 0.75, 0.40),
    "t1": (0.05, 0.12, 0.45, 0.60, 0.78, 0.85, 0.95, 1.10),
}
"""Intensity of each knot in known weightings; random curves start from one of them or from none."""

JITTER: Final = 0.12
"""Standard deviation of what is added to each knot of a known weighting."""

BRAIN_MM: Final = (82.0, 65.0)
"""Half axes of the egg about the callosum within which the curve of the brain counts."""


def random_weighting(
    images: Tensor,
    masks: Tensor,
    spacing_mm: float,
    share: float,
    draws: Draws,
    near: Sequence[str] = tuple(WEIGHTINGS),
) -> Tensor:
    """Give a share of the images the contrast of another weighting.

    Args:
        images: Intensities from 0 on, shape (B, 1, H, W).
        masks: Share of each pixel inside the callosum, 0 to 1, same shape; an image whose mask
            is empty is not changed.
        spacing_mm: Pixel size.
        share: Share of the images that are changed.
        draws: One stream an image.
        near: Names of the known weightings that two thirds of the curves start from.

    Returns:
        Images of the same shape, the brightest tissue of changed ones near 1.
    """
    if share == 0:
        return images
    chosen = draws.chosen(share) & (masks.sum((1, 2, 3), keepdim=True) > 0)
    brain, outside = _curves(near, draws), _curves(near, draws)
    # Air is dark in every weighting, and so is bone, which on T1 is as dark as fluid.
    brain = torch.cat([0.3 * brain[:, :1], brain[:, 1:]], dim=1)
    outside = torch.cat([0.1 * outside[:, :1], 0.2 * outside[:, 1:2], outside[:, 2:]], dim=1)
    one_curve = draws.chosen(0.35)[:, 0, 0]
    outside = torch.where(one_curve, brain, outside)
    own = draws.uniform(0.0, 1.1, (1, 1, 1))
    is_own = draws.chosen(0.35)
    egg = _eggs(masks, spacing_mm, draws)
    relative = images / _inside_mean(images, masks)
    within = _through(relative, brain)
    changed = egg * within + (1 - egg) * _through(relative, outside)
    apart = own + 0.5 * (within - _inside_mean(within, masks))
    changed = torch.where(is_own, torch.lerp(changed, apart, masks), changed)
    return torch.where(chosen, changed.clamp(min=0), images)


def slipped_rows(grid: Tensor, spacing_mm: float, share: float, draws: Draws) -> Tensor:
    """Shift bands of rows against each other, as a patient who moves between slices does.

    Args:
        grid: Where each crop samples its slice, in grid_sample units, shape (B, C, C, 2).
        spacing_mm: Pixel size of the slice.
        share: Share of the grids that are changed.
        draws: One stream a grid.
    """
    if share == 0:
        return grid
    size = grid.shape[1]
    chosen = draws.chosen(share)
    band_mm = draws.uniform(2.0, 5.0, (1,))
    spread_mm = draws.uniform(0.2, 1.0, (1, 1))
    shifts_mm = spread_mm[..., 0] * draws.normal((size,))
    band = (torch.arange(size, device=grid.device) * spacing_mm / band_mm).long()
    shift = torch.gather(shifts_mm, 1, band)[:, :, None, None]
    # One pixel of the crop along its rows, in units of the slice.
    along = (grid[:, :, 1:] - grid[:, :, :-1]).mean(dim=(1, 2), keepdim=True)
    return torch.where(chosen, grid + along * shift / spacing_mm, grid)


def _curves(near: Sequence[str], draws: Draws) -> Tensor:
    """Values of one random curve an image at the knots, shape (B, knots)."""
    known = torch.tensor([WEIGHTINGS[name] for name in near], device=draws.device)
    which = draws.uniform(0, len(known), (1,)).long().clamp(max=len(known) - 1)[:, 0]
    close = known[which] + JITTER * draws.normal((len(KNOTS),))
    free = draws.uniform(0.0, 1.1, (len(KNOTS),))
    is_known = draws.chosen(0.65)[:, :, 0, 0]
    return torch.where(is_known, close, free).clamp(min=0)


def _through(relative: Tensor, curves: Tensor) -> Tensor:
    """Images in units of the knots, sent through their curves."""
    knots = torch.tensor(KNOTS, device=relative.device)
    flat = relative.flatten(1).clamp(0, KNOTS[-1] - 1e-4)
    left = torch.bucketize(flat, knots, right=True) - 1
    part = (flat - knots[left]) / (knots[left + 1] - knots[left])
    values = torch.lerp(torch.gather(curves, 1, left), torch.gather(curves, 1, left + 1), part)
    return values.view_as(relative)


def _inside_mean(images: Tensor, masks: Tensor) -> Tensor:
    """Mean of each image inside its mask, shape (B, 1, 1, 1)."""
    total = masks.sum((1, 2, 3), keepdim=True).clamp(min=1e-3)
    return ((images * masks).sum((1, 2, 3), keepdim=True) / total).clamp(min=1e-3)


def _eggs(masks: Tensor, spacing_mm: float, draws: Draws) -> Tensor:
    """1 in an egg about each callosum, 0 outside, with a soft, ragged border; as the masks."""
    height, width = masks.shape[2:]
    radii = torch.tensor(BRAIN_MM, device=masks.device) * draws.uniform(0.88, 1.12, (2,))
    shift_mm = draws.uniform(-6, 6, (2,))
    ragged = smooth(draws.normal((1, 10, 10)) * 0.07, max(height, width))[:, :, :height, :width]
    total = masks.sum((1, 2, 3)).clamp(min=1e-3)
    rows = torch.arange(height, device=masks.device, dtype=masks.dtype)
    columns = torch.arange(width, device=masks.device, dtype=masks.dtype)
    middle_y = (masks.sum(3)[:, 0] * rows).sum(1) / total
    middle_x = (masks.sum(2)[:, 0] * columns).sum(1) / total
    x_mm = (columns[None] - middle_x[:, None]) * spacing_mm - shift_mm[:, :1]
    y_mm = (rows[None] - middle_y[:, None]) * spacing_mm - shift_mm[:, 1:]
    squared = (x_mm / radii[:, :1])[:, None, :] ** 2 + (y_mm / radii[:, 1:])[:, :, None] ** 2
    return torch.sigmoid((1 - squared[:, None] + ragged) * 25)
