"""The level set of a map on a pixel grid, as closed loops with sub-pixel points."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.models.arrays import Array

# Edges of a cell: 0 top, 1 right, 2 bottom, 3 left. Bits of a case: 1 top left, 2 top right,
# 4 bottom right, 8 bottom left. Each segment (from, to) keeps the inside on the same hand; the
# two saddles (5 and 10) are listed with the corners apart, and joined under cases 16 and 17.
_SEGMENTS: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((0, 3),),
    2: ((1, 0),),
    3: ((1, 3),),
    4: ((2, 1),),
    5: ((0, 3), (2, 1)),
    6: ((2, 0),),
    7: ((2, 3),),
    8: ((3, 2),),
    9: ((0, 2),),
    10: ((1, 0), (3, 2)),
    11: ((1, 2),),
    12: ((3, 1),),
    13: ((0, 1),),
    14: ((3, 0),),
    16: ((0, 1), (2, 3)),
    17: ((1, 2), (3, 0)),
}


def refined(values: Array, steps: NDArray[np.intp]) -> Array:
    """Cubic interpolation at more points, the given ones kept.

    Args:
        values: Map, shape (H, W).
        steps: New points for each old one along rows and columns, 1 or more, shape (2,).

    Returns:
        Map of shape ((H - 1) * steps[0] + 1, (W - 1) * steps[1] + 1).
    """
    if (steps == 1).all():
        return values
    counts = (np.array(values.shape) - 1) * steps + 1
    grid = np.meshgrid(
        *(np.arange(n) / k for n, k in zip(counts, steps, strict=True)), indexing="ij"
    )
    return np.asarray(ndimage.map_coordinates(values, grid, order=3, mode="nearest"))


def trace(values: Array, level: float) -> list[Array]:
    """Closed loops of the level set by marching squares (Lorensen and Cline 1987, in the plane).

    Args:
        values: Map whose outer rows and columns are below the level, shape (H, W).
        level: Value along the loops.

    Returns:
        Points (row, column), shape (N, 2) a loop; what lies inside is on the same hand in all.
    """
    points, successor = _crossings(values, level)
    loops: list[Array] = []
    following = successor.tolist()
    pending = set(range(len(following)))
    while pending:
        first = pending.pop()
        loop, at = [first], following[first]
        while at != first:
            pending.discard(at)
            loop.append(at)
            at = following[at]
        loops.append(points[loop])
    return loops


def _crossings(values: Array, level: float) -> tuple[Array, NDArray[np.intp]]:
    """Every crossing of a grid edge as (row, column), and the index of the crossing after it."""
    rows, columns = values.shape
    case = _cell_cases(values, values >= level, level)
    row, column = np.nonzero((case != 0) & (case != 15))  # the border runs through these alone
    case = case[row, column]
    horizontal = rows * columns  # grid edges: along a row first, then down a column
    edge = np.stack(
        [
            row * columns + column,
            horizontal + row * columns + column + 1,
            (row + 1) * columns + column,
            horizontal + row * columns + column,
        ]
    )
    pairs = [
        edge[[begin, end]][:, case == kind]
        for kind, segments in _SEGMENTS.items()
        for begin, end in segments
    ]
    begins, ends = np.concatenate(pairs, axis=1)
    order = np.argsort(begins)
    successor: NDArray[np.intp] = np.searchsorted(begins[order], ends[order])
    return _interpolate(values, begins[order], level), successor


def _cell_cases(values: Array, inside: NDArray[np.bool_], level: float) -> NDArray[np.intp]:
    """Case of each cell; a saddle whose mean reaches the level joins its two corners."""
    corners = (slice(None, -1), slice(1, None))
    top, bottom = corners
    left, right = corners
    case: NDArray[np.intp] = (
        1 * inside[top, left]
        + 2 * inside[top, right]
        + 4 * inside[bottom, right]
        + 8 * inside[bottom, left]
    ).astype(np.intp)
    mean = (
        values[top, left] + values[top, right] + values[bottom, right] + values[bottom, left]
    ) / 4
    joined = mean >= level
    case[(case == 5) & joined] = 16
    case[(case == 10) & joined] = 17
    return case


def _interpolate(values: Array, edges: NDArray[np.intp], level: float) -> Array:
    rows, columns = values.shape
    down, index = np.divmod(edges, rows * columns)
    row, column = np.divmod(index, columns)
    near = values[row, column]
    far = values[row + down, column + 1 - down]
    fraction = (level - near) / (far - near)
    return np.stack([row + down * fraction, column + (1 - down) * fraction], axis=-1)
