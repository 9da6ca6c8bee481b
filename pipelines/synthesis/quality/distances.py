"""How far apart two sets of feature vectors are, and whether one covers the other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

Features = NDArray[np.float64]

NEIGHBOURS = 5


@dataclass(frozen=True, eq=False)
class Scale:
    """Centre and scale of each feature, from the real training windows alone."""

    mean: Features
    deviation: Features

    @classmethod
    def of(cls, features: Features) -> "Scale":
        """Scale of features (N, D); a feature that never changes is left as it is."""
        deviation = features.std(axis=0)
        return cls(features.mean(axis=0), np.where(deviation > 0, deviation, 1.0))

    def apply(self, features: Features) -> Features:
        """Standardised features, limited to ten deviations, so that no single one decides."""
        standard: Features = ((features - self.mean) / self.deviation).clip(-10, 10)
        return standard


def kernel_distance(first: Features, second: Features) -> float:
    """Kernel inception distance: unbiased squared MMD with the kernel (x.y / D + 1)^3.

    Binkowski et al. 2018, arXiv 1801.01401. 0 on average for equal distributions, so it may
    come out slightly negative.

    Args:
        first: Standardised features, shape (N, D), N at least 2.
        second: The same of the other set, shape (M, D).
    """
    own = [_mean_off_diagonal(_kernel(one, one)) for one in (first, second)]
    return float(own[0] + own[1] - 2 * _kernel(first, second).mean())


def kernel_distance_interval(
    first: Features, second: Features, resamples: int = 200, share: float = 0.5
) -> tuple[float, float]:
    """95 % interval of the distance from random halves, without repeats in a draw."""
    rng = np.random.default_rng(0)
    sizes = [max(2, int(share * len(one))) for one in (first, second)]
    own, other, across = _kernel(first, first), _kernel(second, second), _kernel(first, second)
    values = []
    for _ in range(resamples):
        i, j = (
            rng.choice(len(one), size, replace=False)
            for one, size in zip((first, second), sizes, strict=True)
        )
        within = _mean_off_diagonal(own[np.ix_(i, i)]) + _mean_off_diagonal(other[np.ix_(j, j)])
        values.append(within - 2 * across[np.ix_(i, j)].mean())
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def density_and_coverage(
    real: Features, generated: Features, neighbours: int = NEIGHBOURS
) -> tuple[float, float]:
    """Density and coverage of Naeem et al. 2020 (arXiv 2002.09797).

    Returns:
        Density: in how many real neighbourhoods a generated sample lies, over their expected
        number (1 for equal distributions). Coverage: share of real samples whose neighbourhood
        holds a generated one (1 - 2^-k for equal distributions of equal size).
    """
    among_real = np.sort(cdist(real, real), axis=1)
    radius = among_real[:, neighbours]  # column 0 is the sample itself
    inside = cdist(real, generated) < radius[:, None]
    density = inside.sum() / (neighbours * len(generated))
    return float(density), float(inside.any(axis=1).mean())


def _kernel(first: Features, second: Features) -> Features:
    kernel: Features = (first @ second.T / first.shape[1] + 1) ** 3
    return kernel


def _mean_off_diagonal(kernel: Features) -> float:
    count = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (count * (count - 1)))
