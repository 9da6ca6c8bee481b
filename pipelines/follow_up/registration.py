"""The rigid motion between two blocks of brain, the same whichever of them comes first.

Both blocks are freed of what is smooth, which takes out gain and bias, and are read half-way: one
turned forward by half of the motion, the other back by half. Gauss-Newton steps on the difference
of the details then treat both alike, so that exchanging the blocks gives the inverse motion.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from callosal.pipelines.follow_up.neighbourhood import SHAPE, VOXEL_MM, Block

Array = NDArray[np.float64]

_SMOOTH_MM = (4.0, 2.0, 1.0)
"""Blur of the details, from coarse to fine: the first step reaches a few mm."""

_LOCAL_MM = 10.0
_EDGE_MM = 10.0
"""Where the blocks end the weight falls to 0."""

_STEPS = 12
_ENOUGH = 1e-4
_OUTLIER = 2.5
"""Differences beyond so many robust standard deviations count less (Huber): what has changed."""


@dataclass(frozen=True)
class Motion:
    """A rigid motion between the frames of two plans.

    Attributes:
        rotation: Matrix (3, 3) along left, posterior, superior.
        shift_mm: Shift after it, shape (3,). A point p of the first frame lies at
            `rotation @ p + shift_mm` in the second.
        correlation: Of the details of both blocks once they lie on each other, -1 to 1.
    """

    rotation: Array
    shift_mm: Array
    correlation: float

    @property
    def angle_deg(self) -> float:
        """Angle of the rotation."""
        return float(np.degrees(Rotation.from_matrix(self.rotation).magnitude()))


def register(first: Block, second: Block) -> Motion:
    """Find the motion that takes the brain of the first block onto that of the second.

    Args:
        first: Voxels about the callosum along the first plan, shape `SHAPE`.
        second: The same along the second plan.
    """
    half = np.zeros(6)  # rotation vector in radians, shift in mm: half of the motion
    for smooth_mm in _SMOOTH_MM:
        one, two = _details(first, smooth_mm), _details(second, smooth_mm)
        for _ in range(_STEPS):
            step = _step(one, two, half)
            half = half + step
            if np.abs(step).max() < _ENOUGH:
                break
    turn, shift = _rigid(half)
    here, there = _sampled(one, turn.T, -turn.T @ shift), _sampled(two, turn, shift)
    return Motion(turn @ turn, turn @ shift + shift, _correlation(here, there))


def _details(block: Block, smooth_mm: float) -> Block:
    """A block without what is smooth, each part in the units of its own contrast."""
    sigma = smooth_mm / VOXEL_MM
    local = _LOCAL_MM / VOXEL_MM
    smooth = ndimage.gaussian_filter(block, sigma, truncate=3.0)
    rest = smooth - ndimage.gaussian_filter(smooth, local, truncate=2.5)
    power = ndimage.gaussian_filter(rest * rest, local, truncate=2.5)
    floor = 0.1 * float(power.mean()) + 1e-12
    return np.asarray(rest / np.sqrt(power + floor), dtype=np.float32)


def _step(one: Block, two: Block, half: Array) -> Array:
    """One Gauss-Newton step of the half motion."""
    turn, shift = _rigid(half)
    here, there = _sampled(one, turn.T, -turn.T @ shift), _sampled(two, turn, shift)
    weight = _weight()
    difference = here - there
    scale = 1.4826 * float(np.median(np.abs(difference))) + 1e-6
    weight = weight * np.minimum(1.0, _OUTLIER * scale / np.maximum(np.abs(difference), 1e-6))
    # Both blocks run against each other: the mean of their slopes serves both.
    up, back, left = (np.gradient(here + there, VOXEL_MM, axis=axis) for axis in range(3))
    slopes = np.stack([left.ravel(), back.ravel(), up.ravel()], axis=1)
    points = _points()
    jacobian = np.concatenate([np.cross(points, slopes), slopes], axis=1)
    weighted = jacobian * weight.reshape(-1, 1)
    normal = weighted.T @ jacobian
    step: Array = np.linalg.solve(
        normal + 1e-9 * np.trace(normal) * np.eye(6), weighted.T @ difference.ravel()
    )
    return step


def _rigid(half: Array) -> tuple[Array, Array]:
    return Rotation.from_rotvec(half[:3]).as_matrix(), half[3:]


@cache
def _points() -> Array:
    """Places of all voxels along left, posterior and superior, in mm, shape (N, 3)."""
    axes = [(np.arange(n) - (n - 1) / 2) * VOXEL_MM for n in SHAPE]
    up, back, left = np.meshgrid(*axes, indexing="ij")
    return np.stack([left.ravel(), back.ravel(), up.ravel()], axis=1)


@cache
def _weight() -> Array:
    """1 inside, falling to 0 at the edges, shape `SHAPE`."""
    sides = []
    for n in SHAPE:
        away_mm = (np.minimum(np.arange(n), n - 1 - np.arange(n)) + 0.5) * VOXEL_MM
        sides.append(np.sin(np.pi / 2 * np.clip(away_mm / _EDGE_MM, 0, 1)) ** 2)
    return np.asarray(sides[0][:, None, None] * sides[1][None, :, None] * sides[2])


def _sampled(block: Block, turn: Array, shift: Array) -> Array:
    """A block read at `turn @ place + shift` of every place."""
    # Array axes run up, back, left: the reverse of the frame's.
    matrix = turn[::-1, ::-1]
    middle = (np.array(SHAPE) - 1) / 2
    offset = middle - matrix @ middle + shift[::-1] / VOXEL_MM
    sampled = ndimage.affine_transform(block, matrix, offset, order=1, mode="nearest")
    return np.asarray(sampled, dtype=float)


def _correlation(here: Array, there: Array) -> float:
    weight = _weight()
    total = weight.sum()
    here, there = (v - (weight * v).sum() / total for v in (here, there))
    size = np.sqrt((weight * here * here).sum() * (weight * there * there).sum())
    return float((weight * here * there).sum() / max(size, 1e-12))
