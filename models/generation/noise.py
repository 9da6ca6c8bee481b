"""Noise by seed and sample: the same in torch and numpy, in every batch size."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

MASK_STEP = 1_000_000
"""The step of `sample_noise` by which a mask is estimated again; no sampler goes as far."""


def sample_noise(
    seed: int, samples: Sequence[int], shape: tuple[int, int, int], step: int = 0
) -> NDArray[np.float32]:
    """Standard normal noise, drawn for each sample on its own.

    Sample 37 of a seed has the same noise whichever samples stand beside it.

    Args:
        seed: Seed of the whole set, not negative.
        samples: Number of each sample within the set, not negative.
        shape: Channels, rows and columns of one sample.
        step: 0 for the noise that sampling starts from; an ancestral sampler takes 1, 2, ...
            for the noise of its steps.

    Returns:
        Noise of shape (len(samples), *shape).

    Example:
        >>> alone = sample_noise(1, [37], (2, 4, 4))
        >>> beside = sample_noise(1, [36, 37], (2, 4, 4))
        >>> bool((alone[0] == beside[1]).all())
        True
    """
    noise = np.empty((len(samples), *shape), dtype=np.float32)
    for row, sample in enumerate(samples):
        generator = np.random.default_rng([seed, sample, step])
        generator.standard_normal(dtype=np.float32, out=noise[row])
    return noise
