"""Polygons in the plane: area, centroid, second moments, convex hull and convex clipping.

A polygon is an array of shape (N, 2) in mm whose last point joins the first. The plane is the
one of the slice image: x toward anterior, y toward superior. Counter-clockwise in (x, y) is
positive.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import ConvexHull, QhullError

from callosal.models.arrays import Array
from callosal.models.errors import GeometryError

_SPOT_MM = 1e-9  # extent below which points are one spot


def area_mm2(points_mm: ArrayLike) -> float:
    """Signed area by the shoelace formula; positive when the points run counter-clockwise.

    >>> area_mm2([(0, 0), (4, 0), (4, 3), (0, 3)])
    12.0
    """
    points = np.asarray(points_mm, dtype=float)
    if len(points) < 3:
        return 0.0
    points = points - points[0]
    return float(0.5 * _cross(points, np.roll(points, -1, axis=0)).sum())


def areas_and_lengths(loops: Sequence[Array]) -> tuple[Array, Array]:
    """Signed area and length of each of many polygons, at once: noise has tens of thousands.

    >>> areas_and_lengths([np.array([(0.0, 0.0), (4.0, 0.0), (4.0, 3.0)])])
    (array([6.]), array([12.]))
    """
    counts = [len(loop) for loop in loops]
    starts = np.cumsum([0, *counts[:-1]])
    points = np.concatenate(loops)
    after = np.arange(1, len(points) + 1)
    after[np.cumsum(counts) - 1] = starts
    shifted = points - np.repeat(points[starts], counts, axis=0)
    lengths = np.linalg.norm(points[after] - points, axis=1)
    doubled = _cross(shifted, shifted[after])
    return np.add.reduceat(doubled, starts) / 2, np.add.reduceat(lengths, starts)


def centroid_mm(points_mm: ArrayLike) -> Array:
    """Centroid of the area inside, shape (2,).

    Raises:
        GeometryError: The polygon encloses no area.
    """
    return _moments(points_mm)[1]


def covariance_mm2(points_mm: ArrayLike) -> Array:
    """Covariance matrix in mm2 of a uniform density over the area inside, shape (2, 2).

    Exact for the polygon (Green's theorem), so it does not depend on a pixel grid.

    Raises:
        GeometryError: The polygon encloses no area.
    """
    return _moments(points_mm)[2]


def convex_hull_mm(points_mm: ArrayLike) -> Array:
    """Convex hull of a cloud of points, counter-clockwise, shape (M, 2).

    Raises:
        GeometryError: Fewer than three points, points that are not finite, or all on one line.
    """
    points = np.asarray(points_mm, dtype=float)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3:
        raise GeometryError(
            f"hull: needs at least three points of shape (N, 2), found shape {points.shape}; "
            "check that the mask is not empty",
            "degenerate_contour",
        )
    if not np.isfinite(points).all():
        raise GeometryError(
            "hull: some points are not finite; check the probability map for NaN",
            "not_finite",
        )
    # Qhull takes points 1e-300 mm apart for an area; their distances are 0 in floating point.
    if np.ptp(points, axis=0).max() < _SPOT_MM:
        raise _flat(points)
    try:
        hull = ConvexHull(points)
    except QhullError:
        raise _flat(points) from None
    return np.asarray(points[hull.vertices])


def _flat(points: Array) -> GeometryError:
    return GeometryError(
        f"hull: all {len(points)} points lie on one line or one spot; "
        "check that the mask is more than a line",
        "degenerate_contour",
    )


def clip_convex(polygon_mm: ArrayLike, window_mm: ArrayLike) -> Array:
    """Part of a convex polygon inside another one (Sutherland and Hodgman 1974).

    Args:
        polygon_mm: Convex polygon, shape (N, 2).
        window_mm: Convex polygon, counter-clockwise, shape (M, 2).

    Returns:
        The intersection, shape (K, 2); K is 0 when the two do not meet.
    """
    result = np.asarray(polygon_mm, dtype=float)
    window = np.asarray(window_mm, dtype=float)
    for start, end in zip(window, np.roll(window, -1, axis=0), strict=True):
        if len(result) == 0:
            break
        result = _clip_half_plane(result, start, end)
    return result


def _clip_half_plane(polygon: Array, start: Array, end: Array) -> Array:
    depth = _cross(end - start, polygon - start)
    kept = []
    for i, j in zip(range(len(polygon)), np.roll(range(len(polygon)), -1), strict=True):
        if depth[i] >= 0:
            kept.append(polygon[i])
        if (depth[i] >= 0) != (depth[j] >= 0):
            fraction = depth[i] / (depth[i] - depth[j])
            kept.append(polygon[i] + fraction * (polygon[j] - polygon[i]))
    return np.array(kept).reshape(-1, 2)


def _moments(points_mm: ArrayLike) -> tuple[float, Array, Array]:
    """Area, centroid and covariance; the origin is moved first so that nothing cancels."""
    points = np.asarray(points_mm, dtype=float)
    area = area_mm2(points)
    extent = float(np.ptp(points, axis=0).max(initial=0.0)) if len(points) else 0.0
    if not abs(area) > 1e-12 * extent**2:
        raise GeometryError(
            f"polygon: {len(points)} points enclose no area; check that the mask is not empty",
            "degenerate_contour",
        )
    shift = points.mean(axis=0)
    here = points - shift
    there = np.roll(here, -1, axis=0)
    cross = _cross(here, there)
    centroid = ((here + there) * cross[:, None]).sum(axis=0) / (6 * area)
    # Integral of p p^T over the triangle (origin, a, b), summed: (aa + bb + (a+b)(a+b)) / 24.
    second = sum(
        np.einsum("n,ni,nj->ij", cross, corner, corner) for corner in (here, there, here + there)
    )
    return area, centroid + shift, second / (24 * area) - np.outer(centroid, centroid)


def _cross(a: Array, b: Array) -> Array:
    """The z component of a x b for vectors of shape (..., 2)."""
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])


def contains(polygon_mm: Array, points_mm: Array) -> NDArray[np.bool_]:
    """Which points (M, 2) lie in a polygon (N, 2), by the even-odd rule, shape (M,).

    >>> contains(np.array([(0, 0), (4, 0), (4, 3), (0, 3)]), np.array([(1, 1), (5, 1)])).tolist()
    [True, False]
    """
    low, high = polygon_mm.min(axis=0), polygon_mm.max(axis=0)
    near = np.flatnonzero(((points_mm >= low) & (points_mm <= high)).all(axis=1))
    x, y = points_mm[near].T[:, :, None]
    (x0, y0), (x1, y1) = polygon_mm.T, np.roll(polygon_mm, -1, axis=0).T
    crosses = (y0 > y) != (y1 > y)
    rise = np.where(y1 == y0, 1.0, y1 - y0)
    beyond = x < x0 + (y - y0) / rise * (x1 - x0)
    held = np.zeros(len(points_mm), dtype=bool)
    held[near] = (crosses & beyond).sum(axis=1) % 2 == 1
    return held
