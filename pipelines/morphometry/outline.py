"""Resampling of the outline: points at equal distances, without the steps of the pixel grid."""

import numpy as np

from callosal.models.arrays import Array
from callosal.models.errors import GeometryError
from callosal.pipelines.geometry import polygon

POINTS = 1024


def even_outline(outline_mm: Array, smoothing_mm: float = 0.0, count: int = POINTS) -> Array:
    """Counter-clockwise outline with evenly spaced points, smoothed without shrinking.

    Smoothing is a Gaussian along the outline, applied as Tukey's twicing
    (g + g(1 - g) for a transfer function g), so that a round end of radius r loses only about
    r (smoothing / r)^4 / 4.

    Args:
        outline_mm: Closed polygon, either sense, shape (N, 2).
        smoothing_mm: Standard deviation of the Gaussian; 0 leaves the outline unchanged.
        count: Number of points of the result.

    Returns:
        Closed polygon, shape (count, 2).

    Raises:
        GeometryError: The polygon is not finite, or encloses no area.
    """
    points = np.asarray(outline_mm, dtype=float)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise GeometryError(
            f"outline: needs finite points of shape (N, 2), found shape {points.shape}",
            "not_finite",
        )
    area = polygon.area_mm2(points)
    if len(points) < 3 or abs(area) <= 1e-9 * float(np.ptp(points, axis=0).max()) ** 2:
        raise GeometryError(
            f"outline: {len(points)} points enclose no area; check that the mask is not empty",
            "degenerate_contour",
        )
    even = resampled(np.vstack([points, points[:1]])[:: 1 if area > 0 else -1], count + 1)[:-1]
    if smoothing_mm <= 0:
        return even
    step = perimeter_mm(even) / count
    return _smoothed(even, smoothing_mm / step)


def perimeter_mm(outline_mm: Array) -> float:
    """Length of a closed polygon.

    >>> perimeter_mm(np.array([(0.0, 0.0), (4.0, 0.0), (4.0, 3.0)]))
    12.0
    """
    return float(np.linalg.norm(outline_mm - np.roll(outline_mm, 1, axis=0), axis=1).sum())


def walked_mm(path_mm: Array) -> Array:
    """Distance walked along an open path up to each of its points, shape (N,).

    >>> walked_mm(np.array([(0.0, 0.0), (3.0, 4.0), (3.0, 6.0)])).tolist()
    [0.0, 5.0, 7.0]
    """
    steps = np.linalg.norm(np.diff(path_mm, axis=0), axis=1)
    return np.asarray(np.r_[0.0, np.cumsum(steps)])


def resampled(path_mm: Array, count: int) -> Array:
    """Points at equal distances along an open path, both ends kept, shape (count, 2)."""
    walked = walked_mm(path_mm)
    return at_distances(path_mm, walked, np.linspace(0, walked[-1], count))


def at_distances(values: Array, walked: Array, distances: Array) -> Array:
    """Linear interpolation of points (N, 2), given at growing distances (N,), at others (M,)."""
    return np.stack([np.interp(distances, walked, values[:, i]) for i in (0, 1)], axis=1)


def _smoothed(points: Array, sigma: float) -> Array:
    frequency = 2 * np.pi * np.fft.fftfreq(len(points))
    gain = np.exp(-0.5 * (frequency * sigma) ** 2)
    smooth = np.fft.ifft(np.fft.fft(points[:, 0] + 1j * points[:, 1]) * gain * (2 - gain))
    return np.stack([smooth.real, smooth.imag], axis=1)
