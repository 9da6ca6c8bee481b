"""One map of several: what the slices about a plane show of it together."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from callosal.models.arrays import Array

LEAST_PROBABILITY: Final = 0.01
"""Probabilities are kept this far from 0 and 1, so that no slice outvotes the others."""


def pooled(maps: Sequence[NDArray[np.floating]], shares: Array) -> NDArray[np.float32]:
    """Pool maps by their log odds: the pooled border lies between the borders, and is as sharp.

    A mean of the probabilities would be 0.5 wherever two outlines differ, which blurs the border.

    Args:
        maps: Probabilities, each of shape (H, W).
        shares: How much each map counts, shape (maps, H, W) or (maps, 1, 1); their sum is 1.

    Returns:
        Probabilities, shape (H, W).

    >>> pooled([np.full((1, 1), 0.9), np.full((1, 1), 0.1)], np.full((2, 1, 1), 0.5)).tolist()
    [[0.5]]
    """
    bounded = np.clip(np.stack(maps), LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    together: NDArray[np.float32] = expit((shares * logit(bounded)).sum(axis=0)).astype(np.float32)
    return together
