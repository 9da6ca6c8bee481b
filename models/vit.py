"""ViT segmenter: a transformer between a convolutional or a patch stem and a sharp decoder."""

import itertools
from collections.abc import Sequence

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from callosal.models.blocks import (
    ConvNormAct,
    ResidualBlock,
    SubPixelConv,
    enlarge,
    pad_to_multiple,
)


class TransformerBlock(nn.Module):
    """Self-attention and MLP on a feature map (Dosovitskiy et al. 2021), pre-norm.

    Positions come from a depthwise convolution in each block (conditional positional encoding,
    Chu et al. 2021): it knows no size, so any picture fits.

    Args:
        width: Channels of a token.
        heads: Attention heads; they divide the width.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.position = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.norm_attention = nn.LayerNorm(width)
        self.to_query_key_value = nn.Linear(width, 3 * width)
        self.from_heads = nn.Linear(width, width)
        self.norm_mlp = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to the same shape."""
        height = x.shape[2]
        tokens = rearrange(x + self.position(x), "b c h w -> b (h w) c")
        tokens = tokens + self._attend(self.norm_attention(tokens))
        tokens = tokens + self.mlp(self.norm_mlp(tokens))
        mixed: Tensor = rearrange(tokens, "b (h w) c -> b c h w", h=height)
        return mixed

    def _attend(self, tokens: Tensor) -> Tensor:
        query, key, value = rearrange(
            self.to_query_key_value(tokens), "b n (three k c) -> three b k n c", three=3,
            k=self.heads,
        )  # fmt: skip
        mixed = F.scaled_dot_product_attention(query, key, value)
        joined: Tensor = self.from_heads(rearrange(mixed, "b k n c -> b n (k c)"))
        return joined


class ConvStem(nn.Module):
    """Convolutions to 1/16, keeping the features at 1/2, 1/4 and 1/8 for the decoder.

    Args:
        widths: Channels at 1/2, 1/4 and 1/8.
        token_width: Channels at 1/16.
        in_channels: Channels of the image.
    """

    stride = 2
    token_stride = 16

    def __init__(self, widths: Sequence[int], token_width: int, in_channels: int) -> None:
        super().__init__()
        sizes = [in_channels, *widths, token_width]
        self.skip_widths = tuple(widths)
        self.stages = nn.ModuleList(
            nn.Sequential(ConvNormAct(fine, coarse, stride=2), ConvNormAct(coarse, coarse))
            for fine, coarse in itertools.pairwise(sizes)
        )

    def forward(self, image: Tensor) -> list[Tensor]:
        """Features from fine to coarse; the last are the tokens."""
        features = []
        x = image
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features


class PatchStem(nn.Module):
    """The plain patch embedding: one strided convolution, nothing kept for the decoder.

    Args:
        patch: Side of a patch in pixels.
        token_width: Channels of a token.
        in_channels: Channels of the image.
    """

    skip_widths: tuple[int, ...] = ()

    def __init__(self, patch: int, token_width: int, in_channels: int) -> None:
        super().__init__()
        self.stride = self.token_stride = patch
        # Padded, so that sides that are not a multiple of the patch lose nothing.
        self.embed = nn.Conv2d(in_channels, token_width, patch, patch, padding=patch // 2)

    def forward(self, image: Tensor) -> list[Tensor]:
        """The tokens alone."""
        return [self.embed(image)]


class ViTSegmenter(nn.Module):
    """Vision transformer with a decoder that gives sharp masks.

    A plain patch stem loses the border inside its patches; with a convolutional stem the decoder
    gets it back through skips. Both exist; the better one ships.

    Args:
        token_width: Channels of a token.
        depth: Transformer blocks.
        heads: Attention heads.
        stem_widths: Channels of the convolutional stem at 1/2, 1/4 and 1/8; empty for the plain
            patch stem.
        patch: Side of a patch of the plain stem in pixels.
        in_channels: Channels of the image.

    Example:
        >>> net = ViTSegmenter(32, depth=1, heads=2, stem_widths=(8, 16, 24)).eval()
        >>> net(torch.zeros(2, 1, 97, 130)).shape
        torch.Size([2, 1, 97, 130])
    """

    def __init__(
        self,
        token_width: int = 144,
        depth: int = 5,
        heads: int = 6,
        stem_widths: Sequence[int] = (16, 32, 64),
        patch: int = 8,
        in_channels: int = 1,
    ) -> None:
        super().__init__()
        if token_width % heads:
            raise ValueError(f"heads ({heads}) must divide token_width ({token_width})")
        if len(stem_widths) not in (0, 3):
            raise ValueError(f"stem_widths needs three widths or none: {stem_widths}")
        self.init_args = {
            "token_width": token_width,
            "depth": depth,
            "heads": heads,
            "stem_widths": list(stem_widths),
            "patch": patch,
            "in_channels": in_channels,
        }
        self.stem: ConvStem | PatchStem = (
            ConvStem(stem_widths, token_width, in_channels)
            if stem_widths
            else PatchStem(patch, token_width, in_channels)
        )
        self.token_width = token_width
        self.token_stride = self.stem.token_stride
        self.blocks = nn.Sequential(*(TransformerBlock(token_width, heads) for _ in range(depth)))
        widths = [token_width, *self.stem.skip_widths[::-1]]
        self.reduce = nn.ModuleList(
            ConvNormAct(coarse, fine, kernel=1) for coarse, fine in itertools.pairwise(widths)
        )
        self.up = nn.ModuleList(ResidualBlock(2 * fine, fine) for fine in widths[1:])
        self.head = SubPixelConv(widths[-1], self.stem.stride)

    def encode(self, image: Tensor) -> Tensor:
        """Tokens of normalised images (B, C, H, W), (B, token_width, H / side, W / side)."""
        encoded: Tensor = self.blocks(self.stem(image)[-1])
        return encoded

    def forward(self, image: Tensor) -> Tensor:
        """Map normalised images (B, C, H, W), any H and W from 64 up, to logits (B, 1, H, W)."""
        height, width = image.shape[2:]
        *skips, tokens = self.stem(pad_to_multiple(image, self.token_stride))
        x = self.blocks(tokens)
        for reduce, up, skip in zip(self.reduce, self.up, skips[::-1], strict=True):
            x = up(torch.cat([skip, enlarge(reduce(x), 2)], dim=1))
        logits: Tensor = self.head(x)
        return logits[:, :, :height, :width]
