"""Cubic B-splines on a grid as products of matrices, which take a tenth of the time of loops.

Every matrix holds a few numbers about its diagonal, because what a voxel adds to a spline falls to
a quarter from one voxel to the next.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Values = NDArray[np.floating]

_POLE: Final = np.sqrt(3.0) - 2.0
_REACH: Final = 16  # voxels, after which a value counts less than float32 rounds
_LINES: Final = 32  # filtered in one product


@dataclass(frozen=True, eq=False)
class LineSamples:
    """Samples along one axis of a grid.

    Attributes:
        weights: From spline coefficients to samples, shape (m, n).
        inside: Whether a sample lies within the grid, shape (m,).
    """

    weights: Array
    inside: NDArray[np.bool_]


def samples_along(index: Array, last: float, first: float, count: int) -> LineSamples:
    """Samples of a spline along one axis.

    Args:
        index: Places, shape (m,).
        last: Index of the last voxel; voxels reach half their width beyond.
        first: Index of the first voxel with a coefficient.
        count: How many voxels n have one; the spline is mirrored at both ends.
    """
    at = np.clip(index, 0, last) - first
    low = np.floor(at).astype(int)
    part = at - low
    weights = np.stack(
        [
            (1 - part) ** 3,
            4 - 6 * part**2 + 3 * part**3,
            4 - 6 * (1 - part) ** 2 + 3 * (1 - part) ** 3,
            part**3,
        ],
        axis=1,
    )
    inside = (index >= -0.5 - 1e-6) & (index <= last + 0.5 + 1e-6)
    return LineSamples(_banded(low[:, None] + np.arange(-1, 3), weights / 6, count), inside)


def spline_coefficients(values: Values) -> Values:
    """The coefficients of the cubic spline through voxels, mirrored at the borders.

    Equal to those of `scipy.ndimage.spline_filter` but for rounding.

    Args:
        values: Two axes or three, float32 or float64.

    Returns:
        Coefficients of the same shape and type.
    """
    filtered = values.reshape(-1, *values.shape[-2:])
    for axis in range(3 - values.ndim, 3):
        filtered = _filtered_along(axis, filtered)
    return filtered.reshape(values.shape)


def _filtered_along(axis: int, values: Values) -> Values:
    count = values.shape[axis]
    steps = np.arange(-_REACH, _REACH + 1)
    # The filter that undoes the smoothing of B-splines (Unser 1999, IEEE SPM 16(6), box 2).
    weights = np.broadcast_to(np.sqrt(3.0) * _POLE ** np.abs(steps), (count, len(steps)))
    matrix = _banded(np.add.outer(np.arange(count), steps), weights, count).astype(values.dtype)
    filtered = np.empty(values.shape, values.dtype)  # its rows lie one behind another
    for start in range(0, count, _LINES):
        to = slice(start, min(start + _LINES, count))
        used = slice(max(0, start - _REACH), min(count, to.stop + _REACH))
        part = matrix[to, used]
        if axis == 0:
            given = values[used].reshape(used.stop - used.start, -1)
            np.matmul(part, given, out=filtered[to].reshape(len(part), -1))
        elif axis == 1:
            filtered[:, to] = np.matmul(part, values[:, used])
        else:
            filtered[:, :, to] = np.matmul(values[:, :, used], part.T)
    return filtered


def _banded(columns: NDArray[np.int_], weights: Array, count: int) -> Array:
    """A matrix of `count` columns from the places of its numbers, mirrored at both ends.

    Args:
        columns: Column of each number, shape (m, k).
        weights: The numbers, shape (m, k).
        count: How many columns there are.
    """
    period = max(1, 2 * (count - 1))
    places = columns % period
    places = np.where(places < count, places, period - places)
    places = places + count * np.arange(len(columns))[:, None]
    matrix = np.bincount(places.ravel(), weights.ravel(), len(columns) * count)
    return matrix.reshape(-1, count).astype(np.float64)
