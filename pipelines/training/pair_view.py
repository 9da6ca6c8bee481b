"""What a generator is shown of a slice: a window with a random pose and contrast."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from callosal.pipelines.training.pair_bank import REACH_MM
from callosal.pipelines.training.smooth_fields import smooth

BEND_KNOTS = 6
"""Knots of a bend along each axis of the window."""


@dataclass(frozen=True)
class WindowSettings:
    """A window on a slice.

    Attributes:
        around: Centre of the window: the callosum, or the slice.
        spacing_mm: Pixel size.
        shape: Rows and columns, multiples of 8.
        finer: The bank's pixels are so many times smaller; a window is averaged down from them.
        sdf_scale_mm: The mask channel is tanh(signed distance / scale).
        angle_deg: Largest in-plane rotation to either side.
        shift_mm: Largest shift along each axis.
        log_scale: Largest natural log of the zoom, to either side.
        log_gamma: Largest natural log of the exponent of intensities, to either side.
        bend_mm: Standard deviation of a smooth random displacement, of image and mask alike: heads
            that nobody has, so that a generator learns fewer of the real ones by heart.
    """

    around: Literal["callosum", "slice"] = "callosum"
    spacing_mm: float = 1.5
    shape: tuple[int, int] = (64, 64)
    finer: int = 2
    sdf_scale_mm: float = 4.5
    angle_deg: float = 12.0
    shift_mm: float = 4.0
    log_scale: float = 0.08
    log_gamma: float = 0.15
    bend_mm: float = 0.0

    def __post_init__(self) -> None:
        if min(self.shape) < 16 or any(side % 8 for side in self.shape):
            raise ValueError(f"shape must be multiples of 8 from 16 up, got {list(self.shape)}")
        if not 0.1 <= self.spacing_mm <= 5 or self.finer < 1:
            raise ValueError("spacing_mm must lie between 0.1 and 5, and finer be at least 1")
        if not 0 <= self.bend_mm <= 5:
            raise ValueError(f"bend_mm must lie between 0 and 5, got {self.bend_mm}")

    @property
    def bank_spacing_mm(self) -> float:
        """Pixel size of the bank that windows are cut from."""
        return self.spacing_mm / self.finer


@dataclass(frozen=True)
class Placement:
    """Where each window of a batch lies and how its intensities are bent.

    Attributes:
        center_mm: Centre (x, y) from the slice's centre, shape (B, 2).
        angle_rad: Rotation, shape (B,).
        zoom: Millimetres of the slice to one millimetre of the window, shape (B,).
        gamma: Exponent of intensities, shape (B,).
        bend_mm: Displacement (x, y) at the knots of the window, shape (B, 2, K, K).
    """

    center_mm: Tensor
    angle_rad: Tensor
    zoom: Tensor
    gamma: Tensor
    bend_mm: Tensor


def plain_placement(centers_mm: Tensor, view: WindowSettings) -> Placement:
    """Unturned windows about the callosum's or the slice's centre, centers_mm (B, 2)."""
    ones = torch.ones(len(centers_mm), device=centers_mm.device)
    center = centers_mm if view.around == "callosum" else torch.zeros_like(centers_mm)
    straight = ones.new_zeros((len(ones), 2, BEND_KNOTS, BEND_KNOTS))
    return Placement(center, torch.zeros_like(ones), ones, ones, straight)


def random_placement(
    centers_mm: Tensor, view: WindowSettings, generator: torch.Generator
) -> Placement:
    """Random windows within the ranges of a view, centers_mm (B, 2)."""
    plain = plain_placement(centers_mm, view)
    draw = 2 * torch.rand((len(centers_mm), 5), generator=generator, device=generator.device) - 1
    bend_mm = plain.bend_mm
    if view.bend_mm > 0:
        shape = bend_mm.shape
        bend_mm = view.bend_mm * torch.randn(shape, generator=generator, device=generator.device)
    return Placement(
        plain.center_mm + view.shift_mm * draw[:, :2],
        math.radians(view.angle_deg) * draw[:, 2],
        torch.exp(view.log_scale * draw[:, 3]),
        torch.exp(view.log_gamma * draw[:, 4]),
        bend_mm,
    )


def cut_windows(
    images: Tensor, distances_mm: Tensor, placement: Placement, view: WindowSettings
) -> Tensor:
    """Cut one window out of each slice.

    Args:
        images: Slices on the bank's grid, bright tissue about 1, shape (B, S, S).
        distances_mm: Signed distances, same shape.
        placement: Where each window lies.
        view: Grid of the windows.

    Returns:
        Image channel in [-1, 1] and mask channel tanh(distance / scale), shape (B, 2, H, W).
    """
    # Shifted, so that the zeros outside the slice read as far away.
    stack = torch.stack([images, distances_mm + REACH_MM], dim=1)
    window = F.grid_sample(stack, _grid(images.shape[-1], placement, view), align_corners=False)
    window = F.avg_pool2d(window, view.finer)
    gamma, zoom = placement.gamma[:, None, None], placement.zoom[:, None, None]
    image = 2 * window[:, 0].clamp(1e-4, 1.0) ** gamma - 1
    mask = torch.tanh((window[:, 1] - REACH_MM) / zoom / view.sdf_scale_mm)
    return torch.stack([image, mask], dim=1)


def _grid(size: int, placement: Placement, view: WindowSettings) -> Tensor:
    """Sampling grid in grid_sample units, shape (B, H * finer, W * finer, 2)."""
    step = view.bank_spacing_mm
    rows, columns = (
        (torch.arange(side * view.finer, device=placement.zoom.device) + 0.5) * step
        - side * view.spacing_mm / 2
        for side in view.shape
    )
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    cos = (placement.zoom * torch.cos(placement.angle_rad))[:, None, None]
    sin = (placement.zoom * torch.sin(placement.angle_rad))[:, None, None]
    center = placement.center_mm[:, None, None, :]
    turned = torch.stack([cos * x - sin * y, sin * x + cos * y], dim=-1)
    bend = smooth(placement.bend_mm, max(x.shape))[:, :, : x.shape[0], : x.shape[1]]
    return (center + turned + bend.permute(0, 2, 3, 1)) / (size * step / 2)
