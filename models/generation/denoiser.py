"""The denoiser: one U-Net for pairs, images given masks, and masks given images."""

import itertools
from collections.abc import Sequence
from typing import Any

import torch
from diffusers.models.attention_processor import Attention
from diffusers.models.embeddings import Timesteps
from diffusers.models.resnet import ResnetBlock2D
from torch import Tensor, nn
from torch.nn import functional as F

from callosal.models.generation.spec import CONDITION_NAMES

GROUPS = 8
EPSILON = 1e-5

OLD_NAMES = {
    "norm_in": "norm1", "conv_in": "conv1", "modulation": "time_emb_proj", "norm_out": "norm2",
    "conv_out": "conv2", "shortcut": "conv_shortcut",
}  # fmt: skip
"""Layers of residual blocks in checkpoints from before the blocks were those of diffusers."""
OLD_ATTENTION = {
    "norm": ("group_norm",), "to_qkv": ("to_q", "to_k", "to_v"), "to_out": ("to_out.0",)
}  # fmt: skip
"""Likewise those of the attention."""


class JointDenoiser(nn.Module):
    """U-Net of diffusers' blocks on image and mask channels that have a time of their own each.

    With both times equal it makes pairs. With the mask's time at 0 the mask is known and the
    image is made for it; with the image's time at 0 the image is known and the mask is found.
    With the mask's time at 1 the mask is pure noise, and the image stands alone: so slices
    without a label can be learned from.

    Args:
        channels: Channels of the sample: 2 in pixels (image, mask), those of the latents else.
        widths: Channels of each level, finest first, multiples of 8; each level halves rows
            and columns.
        depth: Residual blocks of each level, on the way down and on the way up.
        heads: Attention heads at the coarsest level.
        conditions: Number of quantities that can be asked for.

    Example:
        >>> net = JointDenoiser(widths=(8, 16)).eval()
        >>> sample, condition = torch.zeros(3, 2, 24, 32), torch.zeros(3, 4)
        >>> net(sample, torch.ones(3, 2), condition, torch.zeros(3, 4)).shape
        torch.Size([3, 2, 24, 32])
    """

    def __init__(
        self,
        channels: int = 2,
        widths: Sequence[int] = (32, 64, 96),
        depth: int = 2,
        heads: int = 4,
        conditions: int = len(CONDITION_NAMES),
    ) -> None:
        super().__init__()
        if len(widths) < 2 or any(width % GROUPS for width in widths) or widths[-1] % heads:
            raise ValueError(
                f"widths needs two or more levels, multiples of {GROUPS}, the last one of the "
                f"{heads} heads: {list(widths)}"
            )
        self.init_args: dict[str, Any] = {
            "channels": channels,
            "widths": list(widths),
            "depth": depth,
            "heads": heads,
            "conditions": conditions,
        }
        embedding = 4 * widths[0]
        self.embed_time = Timesteps(
            widths[0], flip_sin_to_cos=False, downscale_freq_shift=0, scale=1000
        )
        self.from_time = nn.Linear(2 * widths[0], embedding)
        self.from_condition = nn.Linear(2 * conditions, embedding)
        self.mix = nn.Linear(embedding, embedding)
        self.stem = nn.Conv2d(channels, widths[0], 3, padding=1)
        self.down = nn.ModuleList(_level(width, width, depth, embedding) for width in widths)
        self.halving = nn.ModuleList(
            nn.Conv2d(fine, coarse, 3, stride=2, padding=1)
            for fine, coarse in itertools.pairwise(widths)
        )
        self.attention = Attention(
            widths[-1], heads=heads, dim_head=widths[-1] // heads, bias=True,
            norm_num_groups=GROUPS, eps=EPSILON, residual_connection=True,
        )  # fmt: skip
        _set_to_zero(self.attention.to_out[0])
        self.middle = _block(widths[-1], widths[-1], embedding)
        pairs = list(itertools.pairwise(widths))[::-1]
        self.doubling = nn.ModuleList(
            nn.Conv2d(coarse, fine, 3, padding=1) for fine, coarse in pairs
        )
        self.up = nn.ModuleList(_level(2 * fine, fine, depth, embedding) for fine, _ in pairs)
        self.norm = nn.GroupNorm(GROUPS, widths[0])
        self.head = nn.Conv2d(widths[0], channels, 3, padding=1)
        _set_to_zero(self.head)
        self.register_load_state_dict_pre_hook(_rename_old_weights)  # type: ignore[no-untyped-call]

    def forward(self, sample: Tensor, timestep: Tensor, condition: Tensor, given: Tensor) -> Tensor:
        """Predict what the objective asks for: a velocity.

        Args:
            sample: Noisy channels, the image's first, shape (N, C, H, W); H and W are multiples
                of 2 to the number of levels less one.
            timestep: Times of image and mask, 0 clean to 1 noise, shape (N, 2).
            condition: What is asked for, (value - mean) / std, shape (N, K).
            given: 1 where a condition is asked for, 0 where not, shape (N, K).

        Returns:
            Prediction of the same shape as the sample.
        """
        asked = self.from_condition(torch.cat([condition * given, given], dim=1))
        times = torch.unflatten(self.embed_time(timestep.flatten()), 0, (-1, 2)).flatten(1)
        embedding = F.silu(self.from_time(times) + asked)
        embedding = F.silu(self.mix(embedding))
        x = self.stem(sample)
        skips = []
        for index, blocks in enumerate(self.down):
            x = _through(blocks, x, embedding)
            if index < len(self.halving):
                skips.append(x)
                x = self.halving[index](x)
        x = self.middle(self.attention(x), embedding)
        for double, blocks, skip in zip(self.doubling, self.up, skips[::-1], strict=True):
            x = double(F.interpolate(x, scale_factor=2.0, mode="nearest"))
            x = _through(blocks, torch.cat([x, skip], dim=1), embedding)
        prediction: Tensor = self.head(F.silu(self.norm(x)))
        return prediction


def _level(in_channels: int, channels: int, depth: int, embedding: int) -> nn.ModuleList:
    widths = [in_channels] + [channels] * depth
    return nn.ModuleList(
        _block(before, after, embedding) for before, after in itertools.pairwise(widths)
    )


def _block(in_channels: int, out_channels: int, embedding: int) -> ResnetBlock2D:
    """Residual block whose second norm is scaled and shifted by an embedding.

    It starts as its shortcut (Dhariwal and Nichol 2021, arXiv 2105.05233).
    """
    block = ResnetBlock2D(
        in_channels=in_channels, out_channels=out_channels, temb_channels=embedding,
        groups=GROUPS, eps=EPSILON, time_embedding_norm="scale_shift", skip_time_act=True,
    )  # fmt: skip
    _set_to_zero(block.conv2)
    return block


def _set_to_zero(layer: nn.Module) -> None:
    for weight in layer.parameters():
        nn.init.zeros_(weight)


def _through(blocks: nn.Module, x: Tensor, embedding: Tensor) -> Tensor:
    assert isinstance(blocks, nn.ModuleList)
    for block in blocks:
        x = block(x, embedding)
    return x


def _rename_old_weights(_: nn.Module, weights: dict[str, Tensor], prefix: str, *__: Any) -> None:
    """Give weights of earlier checkpoints the names and shapes of diffusers' blocks."""
    for name in [name for name in weights if name.startswith(prefix)]:
        *path, kind = name.removeprefix(prefix).split(".")
        if len(path) == 2 and path[0] == "attention" and path[1] in OLD_ATTENTION:
            layers, value = OLD_ATTENTION[path[1]], weights.pop(name)
            # Projections were convolutions of one pixel.
            matrix = value.flatten(1) if value.ndim == 4 else value
            for layer, part in zip(layers, matrix.chunk(len(layers)), strict=True):
                weights[f"{prefix}attention.{layer}.{kind}"] = part
        elif any(part in OLD_NAMES for part in path):
            renamed = ".".join(OLD_NAMES.get(part, part) for part in path)
            weights[f"{prefix}{renamed}.{kind}"] = weights.pop(name)
