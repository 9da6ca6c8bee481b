"""Attention U-Net: an encoder-decoder with attention gates on its skips."""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from callosal.models.blocks import (
    AttentionGate,
    ConvNormAct,
    ResidualBlock,
    SubPixelConv,
    enlarge,
    pad_to_multiple,
)


class AttentionUNet(nn.Module):
    """Attention U-Net (Oktay et al. 2018) behind a stride-2 stem and a pixel-shuffle head.

    The stem halves the resolution before the first block and the head doubles it again, so that
    half-millimetre pixels cost what one-millimetre pixels would, while the border of the mask is
    still drawn at half a millimetre.

    Args:
        widths: Channels of each level, finest first; each level halves the resolution.
        in_channels: Channels of the image.

    Example:
        >>> net = AttentionUNet(widths=(8, 16, 24)).eval()
        >>> net(torch.zeros(2, 1, 97, 130)).shape
        torch.Size([2, 1, 97, 130])
    """

    def __init__(
        self, widths: Sequence[int] = (16, 32, 64, 128, 160), in_channels: int = 1
    ) -> None:
        super().__init__()
        if len(widths) < 2 or min(widths) < 4:
            raise ValueError(f"widths needs two or more levels of at least 4 channels: {widths}")
        self.init_args = {"widths": list(widths), "in_channels": in_channels}
        self.stem = ConvNormAct(in_channels, widths[0], kernel=5, stride=2)
        self.first = ConvNormAct(widths[0], widths[0])
        self.down = nn.ModuleList(
            nn.Sequential(ConvNormAct(fine, coarse, stride=2), ResidualBlock(coarse, coarse))
            for fine, coarse in itertools.pairwise(widths)
        )
        pairs = list(itertools.pairwise(widths))[::-1]
        self.reduce = nn.ModuleList(ConvNormAct(coarse, fine, kernel=1) for fine, coarse in pairs)
        self.gates = nn.ModuleList(AttentionGate(fine, fine) for fine, _ in pairs)
        self.up = nn.ModuleList(ResidualBlock(2 * fine, fine) for fine, _ in pairs)
        self.coarsest = 2 ** len(widths)
        self.head = SubPixelConv(widths[0], 2)

    def forward(self, image: Tensor) -> Tensor:
        """Map normalised images (B, C, H, W), any H and W from 64 up, to logits (B, 1, H, W)."""
        height, width = image.shape[2:]
        x = self.first(self.stem(pad_to_multiple(image, self.coarsest)))
        skips = [x]
        for down in self.down:
            x = down(x)
            skips.append(x)
        for reduce, gate, up, skip in zip(
            self.reduce, self.gates, self.up, skips[-2::-1], strict=True
        ):
            x = enlarge(reduce(x), 2)
            x = up(torch.cat([gate(skip, x), x], dim=1))
        logits: Tensor = self.head(x)
        return logits[:, :, :height, :width]
