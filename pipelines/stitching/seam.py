"""Where one station ends and the next begins in their overlap.

The seam of each slice is the path from front to back that crosses least difference and least edge
(dynamic programming, as Efros and Freeman 2001 cut textures), and the stations are blended in a
narrow band about it. The other known way, a blend over the whole overlap, is here to compare.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

_INNER = (0.15, 0.85)
_EDGE_WEIGHT = 2.0
_STEP_COST = 0.02
_OUTSIDE = 1e3
_SMOOTH_MM = 1.5
_LINE_SMOOTH_MM = 3.0

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]


def seam_rows(
    upper: Image, lower: Image, both: Mask, depth: Image, spacing_mm: tuple[float, float, float]
) -> Image:
    """Row of the seam in each column of each slice.

    Args:
        upper: Upper station on the overlap, brightness matched, (slices, rows, columns).
        lower: Lower one.
        both: Where both reach.
        depth: Share of the way through the overlap, 0 at its upper border and 1 at the lower
            one; broadcasts to the overlap.
        spacing_mm: Size of the voxels.

    Returns:
        Fractional rows, shape (slices, columns).
    """
    cost = np.empty(upper.shape, np.float32)
    sigma = [_SMOOTH_MM / step for step in spacing_mm[1:]]
    for index in range(len(cost)):
        cost[index] = _cost(upper[index], lower[index], sigma)
    scale = float(cost[both].mean()) if both.any() else 1.0
    cost /= max(scale, 1e-6)
    # A seam that runs alike in neighbouring slices leaves no steps in views across them.
    cost = ndimage.gaussian_filter1d(cost, 0.7, axis=0, mode="nearest")
    inner = (depth > _INNER[0]) & (depth < _INNER[1])
    cost = np.where(np.broadcast_to(inner, cost.shape), cost, np.float32(_OUTSIDE))
    cost += np.float32(0.3) * (2 * np.broadcast_to(depth, cost.shape) - 1) ** 2
    rows = _least_paths(cost)
    return ndimage.gaussian_filter1d(
        rows, _LINE_SMOOTH_MM / spacing_mm[2], axis=1, mode="nearest", output=np.float32
    )


def lower_shares(rows: Image, n_rows: int, half_width: float) -> Image:
    """Share of the lower station about a seam, 0 to 1, shape (slices, n_rows, columns).

    Args:
        rows: Row of the seam, as `seam_rows` gives it.
        n_rows: Rows of the overlap.
        half_width: Half the width of the blend, in rows.
    """
    across = (np.arange(n_rows, dtype=np.float32)[:, None] - rows[:, None]) / half_width
    return smooth_share((0.5 * (across + 1)).astype(np.float32))


def smooth_share(depth: Image) -> Image:
    """A share that leaves 0 and reaches 1 without a kink."""
    t = np.clip(depth, 0, 1)
    share: Image = t * t * (3 - 2 * t)
    return share


def _cost(upper: Image, lower: Image, sigma: list[float]) -> Image:
    difference = ndimage.gaussian_filter(np.abs(upper - lower), sigma)
    mean = ndimage.gaussian_filter(upper + lower, sigma) / 2
    edge = np.hypot(ndimage.sobel(mean, axis=0), ndimage.sobel(mean, axis=1)) / 8
    cost: Image = (difference + _EDGE_WEIGHT * edge).astype(np.float32, copy=False)
    return cost


def _least_paths(cost: Image) -> Image:
    """Path of least cost along the columns of each slice; a row up or down from each to each."""
    n_slices, n_rows, n_columns = cost.shape
    total = cost[..., 0].copy()
    came = np.zeros((n_columns, n_slices, n_rows), np.int8)
    wall = np.full((n_slices, 1), np.float32(np.inf))
    for column in range(1, n_columns):
        from_above = np.concatenate([wall, total[:, :-1]], axis=1) + np.float32(_STEP_COST)
        from_below = np.concatenate([total[:, 1:], wall], axis=1) + np.float32(_STEP_COST)
        best = np.minimum(from_above, from_below)
        straight = total <= best
        came[column] = np.where(straight, 0, np.where(from_above <= from_below, -1, 1))
        total = np.where(straight, total, best) + cost[..., column]
    rows = np.empty((n_slices, n_columns), np.float32)
    row = total.argmin(axis=1)
    each = np.arange(n_slices)
    for column in range(n_columns - 1, -1, -1):
        rows[:, column] = row
        row = row + came[column, each, row]
    return rows
