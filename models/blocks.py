"""Building blocks of the segmenters: convolutions, the attention gate, size-safe resizing."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ConvNormAct(nn.Sequential):
    """3x3 (or 1x1) convolution, batch norm, SiLU.

    Batch norm is chosen because it folds into the convolution at export: on CPUs the smallest
    graph is the fastest one. SiLU is not in place: its derivative needs what went in, so torch
    would copy that first.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int = 3, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(
            nn.Conv2d(
                in_channels, out_channels, kernel, stride, kernel // 2, groups=groups, bias=False
            ),
            nn.BatchNorm2d(out_channels),
            nn.SiLU(),
        )


class SubPixelConv(nn.Conv2d):
    """Convolution whose channels are shuffled into pixels (Shi et al. 2016, arXiv 1609.05158).

    Args:
        in_channels: Channels of the feature.
        factor: Pixels to one place of the answer, along each axis.
        kernel: Side of the kernel.
        stride: Places from one to the next; it has to divide H and W.
    """

    def __init__(self, in_channels: int, factor: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__(in_channels, factor**2, kernel, stride, padding=1)
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, 1, H f / s, W f / s), of factor f and stride s."""
        return F.pixel_shuffle(super().forward(x), self.factor)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside an identity (or 1x1) path (He et al. 2016)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.first = ConvNormAct(in_channels, out_channels)
        self.second = nn.Sequential(
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.shortcut = (
            nn.Identity()
            if in_channels == out_channels
            else nn.Conv2d(in_channels, out_channels, 1, bias=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C_in, H, W) to (B, C_out, H, W)."""
        return F.silu(self.second(self.first(x)) + self.shortcut(x))


class AttentionGate(nn.Module):
    """Additive attention gate on a skip connection (Oktay et al. 2018, arXiv 1804.03999).

    The coarser feature says where to look; the skip is weighted by one map in (0, 1).
    """

    def __init__(self, skip_channels: int, gate_channels: int) -> None:
        super().__init__()
        hidden = max(skip_channels // 2, 8)
        self.from_skip = nn.Conv2d(skip_channels, hidden, 1, bias=False)
        self.from_gate = nn.Conv2d(gate_channels, hidden, 1)
        self.to_weight = nn.Conv2d(hidden, 1, 1)

    def forward(self, skip: Tensor, gate: Tensor) -> Tensor:
        """Weight a skip (B, C, H, W) by a gate on the same grid (B, G, H, W)."""
        weight = self.to_weight(F.silu(self.from_skip(skip) + self.from_gate(gate)))
        return skip * torch.sigmoid(weight)


def pad_to_multiple(image: Tensor, side: int) -> Tensor:
    """Zeros below and to the right of images (B, C, H, W), so that `side` divides H and W.

    Zeros are what convolutions see beyond the other edges; repeating the last row and column gave
    an equal mean Dice and took 2 % more time.

    Each halving of such a picture is exact, and doubling it returns to its grid. Inside a network
    no size depends on another, and a runtime is free to lay out the channels.
    """
    height, width = image.shape[2:]
    below = (height + side - 1) // side * side - height
    right = (width + side - 1) // side * side - width
    return F.pad(image, (0, right, 0, below))


def enlarge(x: Tensor, factor: int) -> Tensor:
    """Bilinear enlargement of x (B, C, H, W) to (B, C, factor H, factor W)."""
    return F.interpolate(x, scale_factor=float(factor), mode="bilinear", align_corners=False)


def resize_to(x: Tensor, reference: Tensor) -> Tensor:
    """Bilinear resize of x (B, C, h, w) to the H and W of a reference (B, ?, H, W).

    The target size is read from the reference, never computed: so any H and W work, and the
    exported graph keeps both free.
    """
    return F.interpolate(x, size=reference.shape[2:], mode="bilinear", align_corners=False)
