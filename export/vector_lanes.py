"""A segmenter reshaped for the vector units of a CPU, with equal answers.

onnxruntime lays channels out in blocks of up to sixteen. A layer of fewer outputs costs as much as
a full one, and one map that weights many channels must leave that layout. The networks here have
both: heads that are shuffled into pixels, and the gates of the attention U-Net.
"""

import copy
import itertools

import torch
from torch import Tensor, nn

from callosal.models.blocks import AttentionGate, SubPixelConv


def fill_vector_lanes(network: nn.Module) -> nn.Module:
    """A copy of a network whose heads and gates fill whole vectors.

    Args:
        network: Any segmenter; one without such layers is copied unchanged.

    Returns:
        The same function of the image, up to the rounding of sums.
    """
    filled = copy.deepcopy(network)
    with torch.no_grad():
        for parent in list(filled.modules()):
            if isinstance(parent, AttentionGate):
                parent.to_weight = _for_each_channel(parent)
            for name, child in parent.named_children():
                if isinstance(child, SubPixelConv) and (child.factor, child.stride) == (2, (1, 1)):
                    setattr(parent, name, _of_four_places(child))
    return filled


def narrowed(weight: Tensor, shape: torch.Size) -> Tensor | None:
    """A weight or bias of a filled layer, as it was before `fill_vector_lanes`.

    Args:
        weight: Weight (C, H, 1, 1) or bias (C,) of a filled gate; weight (16, C, 4, 4) or bias
            (16,) of a filled head.
        shape: What it had been.

    Returns:
        The weight of that shape; None where it was not made by filling.
    """
    if weight.shape[1:] == shape[1:] and shape[0] == 1:
        return weight[:1]
    if weight.shape[0] == 16 and shape[0] == 4:
        sources = weight.reshape(4, 4, *weight.shape[1:])[:2, :2].flatten(0, 1)
        return sources[..., :3, :3] if weight.ndim == 4 else sources
    return None


def _for_each_channel(gate: AttentionGate) -> nn.Conv2d:
    """The convolution to a gate's one weight, made once for each channel that it weights."""
    single = gate.to_weight
    channels = gate.from_skip.in_channels
    wide = nn.Conv2d(single.in_channels, channels, 1).to(single.weight.dtype)
    wide.weight.copy_(single.weight.expand(channels, -1, -1, -1))
    _bias(wide).copy_(_bias(single).expand(channels))
    return wide


def _of_four_places(head: SubPixelConv) -> SubPixelConv:
    """A head that gives 2x2 pixels at each place, as one that gives 4x4 pixels at every other.

    Its kernel of 4x4 holds the four kernels of 3x3, each moved to its place, zero elsewhere.
    """
    merged = SubPixelConv(head.in_channels, 4, kernel=4, stride=2).to(head.weight.dtype)
    merged.weight.zero_()
    for down, right, row, column in itertools.product((0, 1), repeat=4):
        target, source = 4 * (2 * down + row) + 2 * right + column, 2 * row + column
        window = merged.weight[target, :, down : down + 3, right : right + 3]
        window.copy_(head.weight[source])
        _bias(merged)[target] = _bias(head)[source]
    return merged


def _bias(layer: nn.Conv2d) -> Tensor:
    assert layer.bias is not None
    return layer.bias
