"""The frame in the middle of several visits, in which none of them comes first.

Resampling blurs. If the first visit stayed as it is and the others were resampled onto it, that
alone would look like a change (Yushkevich et al. 2010, Reuter et al. 2012). So every visit is taken
to the mean of all, by the mean of the motions between them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm, logm

from callosal.pipelines.follow_up.registration import Motion

Array = NDArray[np.float64]

_REACH_MM: Final = 40.0
"""The callosum lies within this distance of the centre of the frame."""


@dataclass(frozen=True, eq=False)
class MeanFrame:
    """Where the mean frame of some visits lies.

    Attributes:
        to_mean: For each visit, the rigid 4x4 matrix from the frame of its plan to the mean frame,
            both along left, posterior and superior, in mm.
        spread_mm: How far two visits disagree on a place near the callosum, root mean square over
            all pairs; 0 for two visits, which have nothing to disagree on.
    """

    to_mean: tuple[Array, ...]
    spread_mm: float


def mean_frame(motions: Mapping[tuple[int, int], Motion], count: int) -> MeanFrame:
    """The mean frame of visits whose motions are known.

    For two visits it lies half-way. The order of the visits does not matter.

    Args:
        motions: The motion from visit i to visit j by (i, j), for every i < j.
        count: Number of visits, at least two.
    """
    between: dict[tuple[int, int], Array] = {(i, i): np.eye(4) for i in range(count)}
    for (i, j), motion in motions.items():
        between[i, j] = _matrix(motion)
        between[j, i] = np.asarray(np.linalg.inv(between[i, j]), dtype=float)
    to_mean = tuple(_mean_motion([between[i, j] for j in range(count)]) for i in range(count))
    gaps = [
        _mean_distance_mm(to_mean[j] @ between[i, j], to_mean[i])
        for i in range(count)
        for j in range(i + 1, count)
    ]
    return MeanFrame(to_mean, float(np.sqrt(np.mean(np.square(gaps)))))


def _mean_motion(motions: Sequence[Array]) -> Array:
    """The mean by logarithms, which for two motions is half of the way."""
    logarithms: Array = np.stack([np.real(logm(motion)) for motion in motions])
    mean: Array = logarithms.mean(axis=0)
    return np.asarray(expm(mean), dtype=float)


def _matrix(motion: Motion) -> Array:
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = motion.rotation, motion.shift_mm
    return matrix


def _mean_distance_mm(one: Array, other: Array) -> float:
    """Root mean square distance of the images of a ball, in closed form (Jenkinson 1999)."""
    difference = one - other
    turn, shift = difference[:3, :3], difference[:3, 3]
    return float(np.sqrt(_REACH_MM**2 / 5 * np.trace(turn.T @ turn) + shift @ shift))
