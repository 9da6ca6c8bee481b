"""Cutting a polygon of any shape by straight lines."""

import numpy as np

from callosal.models.arrays import Array


def clip_between(polygon_mm: Array, depth: Array, low: float, high: float) -> Array:
    """Part of a polygon between two parallel lines (Sutherland and Hodgman 1974).

    Where the part falls into several pieces they stay joined along the line, which adds no
    area.

    Args:
        polygon_mm: Closed polygon, convex or not, shape (N, 2).
        depth: Distance of each point, in any unit, along the normal of the lines, shape (N,).
        low: Depth of the first line; -inf for none.
        high: Depth of the second line; inf for none.

    Returns:
        Closed polygon, shape (M, 2); M is 0 when nothing lies between.

    >>> square = np.array([(0.0, 0.0), (4.0, 0.0), (4.0, 3.0), (0.0, 3.0)])
    >>> clip_between(square, square[:, 0], 1.0, np.inf).tolist()
    [[1.0, 0.0], [4.0, 0.0], [4.0, 3.0], [1.0, 3.0]]
    """
    above, depth = _clip_below(polygon_mm, depth, low)
    return _clip_below(above, -depth, -high)[0]


def _clip_below(polygon: Array, depth: Array, level: float) -> tuple[Array, Array]:
    """The part at or above a level, and the depth of its points."""
    kept = depth >= level
    if kept.all() or not kept.any():
        return polygon[kept], depth[kept]
    after = np.roll(depth, -1)
    crosses = np.flatnonzero(kept != np.roll(kept, -1))
    share = (level - depth[crosses]) / (after[crosses] - depth[crosses])
    ahead = np.roll(polygon, -1, axis=0)[crosses]
    cut = polygon[crosses] + share[:, None] * (ahead - polygon[crosses])
    inside = np.flatnonzero(kept)
    order = np.argsort(np.r_[inside, crosses + 0.5])
    points = np.vstack([polygon[inside], cut])[order]
    return points, np.r_[depth[inside], np.full(len(crosses), level)][order]
