"""Smooth random fields: bends, bias fields and ragged borders."""

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F


def smooth(knots: Tensor, size: int) -> Tensor:
    """A smooth field through knots, shape (B, channels, size, size)."""
    weights = _cubic_weights(knots.shape[-1], size).to(knots)
    return weights @ knots @ weights.T


@lru_cache
def _cubic_weights(count: int, size: int) -> Tensor:
    """Share of each knot in each pixel of a line, shape (size, count).

    Two small products with it are a tenth of the work of interpolating the picture.
    """
    lines = torch.eye(count)[None, None]
    return F.interpolate(lines, size=(size, count), mode="bicubic", align_corners=True)[0, 0]
