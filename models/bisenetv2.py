"""BiSeNetV2: a shallow wide branch for detail, a deep narrow one for context (arXiv 2004.02147)."""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from callosal.models.blocks import ConvNormAct, SubPixelConv, enlarge, pad_to_multiple, resize_to

COARSEST = 32
"""Pixels to one place of the last semantic stage."""


class BiSeNetV2(nn.Module):
    """BiSeNetV2 (Yu et al. 2021) with detail at a chosen stride and a sub-pixel head.

    The published head answers at 1/8 of the resolution, too coarse for a structure 5 mm thick;
    here the detail branch may stop at 1/4 or 1/2, and the head shuffles channels into pixels.

    Args:
        detail_widths: Channels of the detail branch; each stage halves the resolution, so two
            stages give detail at 1/4, three the published 1/8.
        semantic_widths: Channels of the semantic branch at 1/4, 1/8, 1/16 and 1/32.
        expansion: Widening inside the gather-and-expansion layers.
        in_channels: Channels of the image.

    Example:
        >>> net = BiSeNetV2(detail_widths=(8, 16), semantic_widths=(8, 8, 16, 16)).eval()
        >>> net(torch.zeros(2, 1, 97, 130)).shape
        torch.Size([2, 1, 97, 130])
    """

    def __init__(
        self,
        detail_widths: Sequence[int] = (32, 64),
        semantic_widths: Sequence[int] = (16, 32, 64, 128),
        expansion: int = 4,
        in_channels: int = 1,
    ) -> None:
        super().__init__()
        if not 1 <= len(detail_widths) <= 3:
            raise ValueError(f"detail_widths needs one to three stages: {detail_widths}")
        if len(semantic_widths) != 4:
            raise ValueError(f"semantic_widths needs four stages: {semantic_widths}")
        self.init_args = {
            "detail_widths": list(detail_widths),
            "semantic_widths": list(semantic_widths),
            "expansion": expansion,
            "in_channels": in_channels,
        }
        self.detail = nn.Sequential(
            *(
                nn.Sequential(ConvNormAct(fine, coarse, stride=2), ConvNormAct(coarse, coarse))
                for fine, coarse in zip([in_channels, *detail_widths], detail_widths, strict=False)
            )
        )
        self.stem = SemanticStem(in_channels, semantic_widths[0])
        self.stages = nn.ModuleList(
            nn.Sequential(
                GatherExpansionDown(fine, coarse, expansion),
                GatherExpansion(coarse, expansion),
            )
            for fine, coarse in itertools.pairwise(semantic_widths)
        )
        self.context = ContextEmbedding(semantic_widths[-1])
        width = detail_widths[-1]
        self.stride = 2 ** len(detail_widths)
        self.aggregate = GuidedAggregation(width, semantic_widths[-1], COARSEST // self.stride)
        self.head = nn.Sequential(ConvNormAct(width, width), SubPixelConv(width, self.stride))
        self.boosters = nn.ModuleList(
            nn.Sequential(ConvNormAct(channels, channels), nn.Conv2d(channels, 1, 1))
            for channels in semantic_widths
        )

    def forward(self, image: Tensor) -> Tensor:
        """Map normalised images (B, C, H, W), any H and W from 64 up, to logits (B, 1, H, W)."""
        padded = pad_to_multiple(image, COARSEST)
        return self._answer(padded, self._features(padded), image)

    def with_auxiliary(self, image: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The logits, and those of the booster heads on every semantic stage, same size.

        For training only: the exported graph does not hold the boosters.
        """
        padded = pad_to_multiple(image, COARSEST)
        features = self._features(padded)
        height, width = image.shape[2:]
        boosted = tuple(
            resize_to(booster(feature), padded)[:, :, :height, :width]
            for booster, feature in zip(self.boosters, features, strict=True)
        )
        return self._answer(padded, features, image), boosted

    def _features(self, image: Tensor) -> list[Tensor]:
        """Semantic features at 1/4, 1/8, 1/16 and 1/32."""
        features = [self.stem(image)]
        for stage in self.stages:
            features.append(stage(features[-1]))
        return features

    def _answer(self, padded: Tensor, features: list[Tensor], image: Tensor) -> Tensor:
        height, width = image.shape[2:]
        joined = self.aggregate(self.detail(padded), self.context(features[-1]))
        logits: Tensor = self.head(joined)
        return logits[:, :, :height, :width]


class SemanticStem(nn.Module):
    """To 1/4 by a convolution path and a pooling path, joined."""

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.first = ConvNormAct(in_channels, channels, stride=2)
        self.convolve = nn.Sequential(
            ConvNormAct(channels, channels // 2, kernel=1),
            ConvNormAct(channels // 2, channels, stride=2),
        )
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        self.join = ConvNormAct(2 * channels, channels)

    def forward(self, image: Tensor) -> Tensor:
        """Map (B, C_in, H, W) to (B, C, H/4, W/4), sides rounded up."""
        x = self.first(image)
        joined: Tensor = self.join(torch.cat([self.convolve(x), self.pool(x)], dim=1))
        return joined


class GatherExpansion(nn.Module):
    """Depthwise gather-and-expansion layer that keeps the resolution."""

    def __init__(self, channels: int, expansion: int) -> None:
        super().__init__()
        wide = channels * expansion
        self.layers = nn.Sequential(
            ConvNormAct(channels, channels),
            ConvNormAct(channels, wide, groups=channels),
            nn.Conv2d(wide, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to the same shape."""
        return F.silu(x + self.layers(x))


class GatherExpansionDown(nn.Module):
    """Gather-and-expansion layer that halves the resolution."""

    def __init__(self, in_channels: int, out_channels: int, expansion: int) -> None:
        super().__init__()
        wide = in_channels * expansion
        self.layers = nn.Sequential(
            ConvNormAct(in_channels, in_channels),
            ConvNormAct(in_channels, wide, stride=2, groups=in_channels),
            ConvNormAct(wide, wide, groups=wide),
            nn.Conv2d(wide, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.shortcut = nn.Sequential(
            ConvNormAct(in_channels, in_channels, stride=2, groups=in_channels),
            nn.Conv2d(in_channels, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C_in, H, W) to (B, C_out, H/2, W/2), sides rounded up."""
        return F.silu(self.shortcut(x) + self.layers(x))


class ContextEmbedding(nn.Module):
    """Adds what the whole picture says to every place."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        # A mean and a convolution, not adaptive pooling: any size exports.
        self.embed = nn.Sequential(nn.Conv2d(channels, channels, 1), nn.SiLU())
        self.join = ConvNormAct(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to the same shape."""
        joined: Tensor = self.join(x + self.embed(x.mean((2, 3), keepdim=True)))
        return joined


class GuidedAggregation(nn.Module):
    """Joins both branches: each gates the other at its own resolution.

    Args:
        detail_channels: Channels of the detail branch.
        semantic_channels: Channels of the semantic branch.
        ratio: Places of the detail branch to one of the semantic branch, along each axis; even.
    """

    def __init__(self, detail_channels: int, semantic_channels: int, ratio: int) -> None:
        super().__init__()
        self.ratio = ratio
        self.keep_detail = ConvNormAct(detail_channels, detail_channels)
        self.pool_detail = ConvNormAct(detail_channels, detail_channels, stride=2)
        self.gate_fine = nn.Conv2d(semantic_channels, detail_channels, 1)
        self.gate_coarse = nn.Conv2d(semantic_channels, detail_channels, 1)
        self.join = ConvNormAct(detail_channels, detail_channels)

    def forward(self, detail: Tensor, semantic: Tensor) -> Tensor:
        """Join detail (B, D, r h, r w) and semantic features (B, S, h, w) on the detail's grid."""
        gate_fine = enlarge(self.gate_fine(semantic), self.ratio)
        fine = self.keep_detail(detail) * torch.sigmoid(gate_fine)
        gate_coarse = enlarge(self.gate_coarse(semantic), self.ratio // 2)
        coarse = self.pool_detail(detail) * torch.sigmoid(gate_coarse)
        joined: Tensor = self.join(fine + enlarge(coarse, 2))
        return joined
