"""How far the border of the callosum lies apart between aligned slices, point by point.

Two outlines that a network draws by itself differ by its noise. Here one outline is given, that of
the mean of all visits, and what is measured is how far the edge of each visit lies from the mean
edge, along the normal of the outline. The boundary shift integral (Freeborough and Fox 1997) does
this for whole brains; a shift at each point leaves an outline that every measure can be taken on.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.pipelines.geometry.slice_image import SliceImage

Array = NDArray[np.float64]
Pixels = NDArray[np.float32]

REACH_MM: Final = 3.0
"""Edges are compared within this distance of the outline; a larger shift is not found."""

_STEP_MM: Final = 0.25
_WINDOW_MM: Final = 1.25
"""Standard deviation of the weights: the far side of a thin callosum counts nothing."""

_ALONG_MM: Final = 1.5
"""Standard deviation of the smoothing along the outline."""

_ROUNDS: Final = 4
_LEAST_SLOPE: Final = 0.05
"""A place whose edge is weaker than this share of the mean is held where the mean edge lies."""


def edge_shifts_mm(outline_mm: Array, pixels: Sequence[Pixels], slice_image: SliceImage) -> Array:
    """The shift of each visit's edge from the mean edge, positive outward.

    The shifts of all visits add up to zero at every point, so that no visit is preferred. A local
    change of brightness or contrast shifts nothing.

    Args:
        outline_mm: Closed outline, counter-clockwise, evenly spaced points, shape (N, 2).
        pixels: The slice of each visit, of one sharpness, each of shape (H, W).
        slice_image: The grid that they share.

    Returns:
        Shifts in mm, shape (visits, N).
    """
    normals = outward_normals(outline_mm)
    spacing_mm = float(np.linalg.norm(outline_mm[1] - outline_mm[0]))
    smooth = _ALONG_MM / spacing_mm
    places = np.arange(-REACH_MM, REACH_MM + _STEP_MM / 2, _STEP_MM)
    weights = np.exp(-0.5 * (places / _WINDOW_MM) ** 2)
    splines = [ndimage.spline_filter(one, output=np.float64) for one in pixels]
    shifts = np.zeros((len(pixels), len(outline_mm)))
    for _ in range(_ROUNDS):
        outlines_mm = outline_mm + shifts[..., None] * normals
        profiles = np.stack(
            [
                _profiles(spline, outline, normals, places, slice_image)
                for spline, outline in zip(splines, outlines_mm, strict=True)
            ]
        )
        mean = profiles.mean(axis=0)
        slopes = np.gradient(mean, _STEP_MM, axis=1)
        steps = np.stack([_step(one, mean, slopes, weights, smooth) for one in profiles])
        shifts = shifts + steps
        shifts -= shifts.mean(axis=0)
        shifts = np.clip(shifts, -REACH_MM, REACH_MM)
    return shifts


def outward_normals(outline_mm: Array) -> Array:
    """Unit normals of a counter-clockwise outline, shape (N, 2)."""
    along = np.roll(outline_mm, -1, axis=0) - np.roll(outline_mm, 1, axis=0)
    outward = np.stack([along[:, 1], -along[:, 0]], axis=1)
    return np.asarray(outward / np.linalg.norm(outward, axis=1, keepdims=True))


def _profiles(
    spline: Array, outline_mm: Array, normals: Array, places: Array, slice_image: SliceImage
) -> Array:
    """Intensities across the outline, of mean 0 and deviation 1 over all, shape (N, places)."""
    points = outline_mm[:, None] + places[None, :, None] * normals[:, None]
    at = np.moveaxis(slice_image.mm_to_pixels(points), -1, 0)
    values = ndimage.map_coordinates(spline, at, order=3, prefilter=False, mode="nearest")
    return np.asarray((values - values.mean()) / max(float(values.std()), 1e-12))


def _step(profiles: Array, mean: Array, slopes: Array, weights: Array, smooth: float) -> Array:
    """Shift of the edge of one visit at each point, by least squares over its neighbours.

    The visit is the mean with another offset, another contrast and a shift: to first order
    `profiles - mean = a + c (mean - its mean) - shift * slope`.
    """
    level = (weights * mean).sum(axis=1, keepdims=True) / weights.sum()
    columns = np.stack([np.ones_like(mean), mean - level, -slopes], axis=-1)
    matrices = np.einsum("s,ksi,ksj->kij", weights, columns, columns)
    sides = np.einsum("s,ksi,ks->ki", weights, columns, profiles - mean)
    matrices = ndimage.gaussian_filter1d(matrices, smooth, axis=0, mode="wrap")
    sides = ndimage.gaussian_filter1d(sides, smooth, axis=0, mode="wrap")
    matrices += _LEAST_SLOPE * np.diag(matrices.mean(axis=0).diagonal())
    return np.asarray(np.linalg.solve(matrices, sides[..., None])[:, 2, 0])
