"""Building blocks of the denoiser: time-conditioned residual blocks and attention."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

GROUPS = 8


class ModulatedBlock(nn.Module):
    """Residual block whose second norm is scaled and shifted by an embedding.

    The second convolution starts at zero, so that every block starts as its shortcut (Dhariwal
    and Nichol 2021, arXiv 2105.05233).

    Args:
        in_channels: Channels in, a multiple of 8.
        out_channels: Channels out, a multiple of 8.
        embedding: Width of the embedding of times and conditions.
    """

    def __init__(self, in_channels: int, out_channels: int, embedding: int) -> None:
        super().__init__()
        self.norm_in = nn.GroupNorm(GROUPS, in_channels)
        self.conv_in = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.modulation = nn.Linear(embedding, 2 * out_channels)
        self.norm_out = nn.GroupNorm(GROUPS, out_channels)
        self.conv_out = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        nn.init.zeros_(self.conv_out.weight)
        nn.init.zeros_(self.conv_out.bias)  # type: ignore[arg-type]
        self.shortcut = (
            nn.Identity()
            if in_channels == out_channels
            else nn.Conv2d(in_channels, out_channels, 1)
        )

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        """Map (N, C_in, H, W) and an embedding (N, E) to (N, C_out, H, W)."""
        scale, shift = self.modulation(embedding)[:, :, None, None].chunk(2, dim=1)
        y = self.conv_in(F.silu(self.norm_in(x)))
        y = self.norm_out(y) * (1.0 + scale) + shift
        changed: Tensor = self.shortcut(x) + self.conv_out(F.silu(y))
        return changed


class SelfAttention(nn.Module):
    """Attention between all pixels of a small map, beside an identity path.

    Args:
        channels: Channels, a multiple of 8 and of the heads.
        heads: Attention heads.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(GROUPS, channels)
        self.to_qkv = nn.Conv2d(channels, 3 * channels, 1)
        self.to_out = nn.Conv2d(channels, channels, 1)
        nn.init.zeros_(self.to_out.weight)
        nn.init.zeros_(self.to_out.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        flat = self.to_qkv(self.norm(x)).flatten(2)
        tokens = torch.unflatten(flat, 1, (3, self.heads, -1))
        query, key, value = tokens.transpose(-1, -2).unbind(1)
        seen = F.scaled_dot_product_attention(query, key, value)
        seen = seen.transpose(-1, -2).flatten(1, 2).reshape(x.shape)
        attended: Tensor = x + self.to_out(seen)
        return attended


class TimeEmbedding(nn.Module):
    """Sines and cosines of times in [0, 1] (Vaswani et al. 2017, at a thousand times the time).

    Args:
        width: Numbers for each time, even.
    """

    frequencies: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        half = width // 2
        frequencies = 1000.0 * torch.exp(-math.log(10000.0) * torch.arange(half) / half)
        self.register_buffer("frequencies", frequencies, persistent=False)

    def forward(self, time: Tensor) -> Tensor:
        """Map times (N, T) to (N, T * width)."""
        angles = time[:, :, None] * self.frequencies
        return torch.cat([torch.sin(angles), torch.cos(angles)], dim=2).flatten(1)
