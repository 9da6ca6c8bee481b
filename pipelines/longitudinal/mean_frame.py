"""The frame midway between several visits, which favours none of them.

Resampling blurs. If the first visit stayed as it is and the others were resampled onto it, the blur
alone would look like a change (Yushkevich et al. 2010, Reuter et al. 2012). Therefore every visit
is moved to the mean of all visits, by the mean of the motions between them.
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
        spread_mm: How far two visits disagree on the position of a point near the callosum, root
            mean square over all pairs; always 0 for two visits.
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
    """The mean of the matrix logarithms; for two motions, midway between them."""
    logarithms: Array = np.stack([np.real(logm(motion)) for motion in motions])
    mean: Array = logarithms.mean(axis=0)
    return np.asarray(expm(mean), dtype=float)


def _matrix(motion: Motion) -> Array:
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = motion.rotation, motion.shift_mm
    return matrix


def _mean_distance_mm(one: Array, other: Array) -> float:
    """Root mean square distance between a ball moved by each, in closed form (Jenkinson 1999)."""
    difference = one - other
    turn, shift = difference[:3, :3], difference[:3, 3]
    return float(np.sqrt(_REACH_MM**2 / 5 * np.trace(turn.T @ turn) + shift @ shift))
