"""How far apart the border of the callosum lies on aligned slices, point by point.

If a network outlines each visit separately, the outlines also differ by the network's noise. Here
there is only one outline, that of the mean of all visits. What is measured is how far the edge of
each visit lies from the mean edge, along the normal of the outline. The boundary shift integral
(Freeborough and Fox 1997) does this for whole brains; shifting each point instead gives an outline
of each visit, on which every measure can be taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
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
"""Standard deviation of the weights: the far side of a thin callosum gets almost no weight."""

_ALONG_MM: Final = 0.75
"""Standard deviation of the smoothing along the outline; twice as much loses a tenth of a change,
for the ends of a callosum move where their sides do not."""

_ROUNDS: Final = 4
_LEAST_SLOPE: Final = 0.05
"""A point whose edge is weaker than this share of the mean is held on the mean edge."""


@dataclass(frozen=True, eq=False)
class EdgeMotion:
    """How the edges of visits differ from the mean edge.

    Attributes:
        shifts_mm: Shift of each visit's edge at each point, positive outward, (visits, N); they add
            up to zero at every point, so that no visit is preferred.
        blur_mm2: How much less sharp each visit is, as half of the variance of the Gaussian that
            would blur the mean likewise; negative for a sharper one, shape (visits,).
    """

    shifts_mm: Array
    blur_mm2: Array


def edge_motion(outline_mm: Array, pixels: Sequence[Pixels], slice_image: SliceImage) -> EdgeMotion:
    """Measure how far the edge of each visit lies from the mean edge.

    A local change of brightness or contrast shifts nothing. A difference in sharpness is estimated
    with the shifts, for blur moves the edge of anything thin or curved.

    Args:
        outline_mm: Closed outline, counter-clockwise, evenly spaced points, shape (N, 2).
        pixels: The slice of each visit, each of shape (H, W).
        slice_image: The grid that they share.
    """
    normals = outward_normals(outline_mm)
    spacing_mm = float(np.linalg.norm(outline_mm[1] - outline_mm[0]))
    smooth = _ALONG_MM / spacing_mm
    bend_per_mm = _curvature_per_mm(outline_mm, normals, smooth)
    places = np.arange(-REACH_MM, REACH_MM + _STEP_MM / 2, _STEP_MM)
    splines = [ndimage.spline_filter(one, output=np.float64) for one in pixels]
    shifts = np.zeros((len(pixels), len(outline_mm)))
    blurs = np.zeros(len(pixels))
    for _ in range(_ROUNDS):
        outlines_mm = outline_mm + shifts[..., None] * normals
        profiles = np.stack(
            [
                _profiles(spline, outline, normals, places, slice_image)
                for spline, outline in zip(splines, outlines_mm, strict=True)
            ]
        )
        mean = profiles.mean(axis=0)
        found = [_step(one, mean, places, smooth, bend_per_mm) for one in profiles]
        shifts = shifts + np.stack([step for step, _ in found])
        shifts -= shifts.mean(axis=0)
        shifts = np.clip(shifts, -REACH_MM, REACH_MM)
        blurs = np.array([blur for _, blur in found])
    return EdgeMotion(shifts, blurs)


def outward_normals(outline_mm: Array) -> Array:
    """Unit normals of a counter-clockwise outline, shape (N, 2)."""
    along = np.roll(outline_mm, -1, axis=0) - np.roll(outline_mm, 1, axis=0)
    outward = np.stack([along[:, 1], -along[:, 0]], axis=1)
    return np.asarray(outward / np.linalg.norm(outward, axis=1, keepdims=True))


def _profiles(
    spline: Array, outline_mm: Array, normals: Array, places: Array, slice_image: SliceImage
) -> Array:
    """Intensities across the outline, scaled to mean 0 and deviation 1, shape (N, places)."""
    points = outline_mm[:, None] + places[None, :, None] * normals[:, None]
    at = np.moveaxis(slice_image.mm_to_pixels(points), -1, 0)
    values = ndimage.map_coordinates(spline, at, order=3, prefilter=False, mode="nearest")
    return np.asarray((values - values.mean()) / max(float(values.std()), 1e-12))


def _step(
    profiles: Array, mean: Array, places: Array, smooth: float, bend_per_mm: Array
) -> tuple[Array, float]:
    """Shift of the edge of one visit at each point, and its blur, by least squares.

    The visit is the mean with an offset, a contrast and a shift of each place, and one blur of all:
    to first order `profiles - mean = a + c (mean - its mean) - shift * slope + blur * (second
    derivative + curvature * slope)`. The places share what their neighbours show.
    """
    weights = np.exp(-0.5 * (places / _WINDOW_MM) ** 2)
    slopes = np.gradient(mean, _STEP_MM, axis=1)
    level = (weights * mean).sum(axis=1, keepdims=True) / weights.sum()
    columns = np.stack([np.ones_like(mean), mean - level, -slopes], axis=-1)
    targets = np.stack([profiles - mean, np.gradient(slopes, _STEP_MM, axis=1)], axis=-1)
    matrices = np.einsum("s,ksi,ksj->kij", weights, columns, columns)
    sides = np.einsum("s,ksi,kst->kit", weights, columns, targets)
    matrices = ndimage.gaussian_filter1d(matrices, smooth, axis=0, mode="wrap")
    sides = ndimage.gaussian_filter1d(sides, smooth, axis=0, mode="wrap")
    matrices += _LEAST_SLOPE * np.diag(matrices.mean(axis=0).diagonal())
    fitted = np.linalg.solve(matrices, sides)
    rest = targets - np.einsum("ksi,kit->kst", columns, fitted)
    differences, second = rest[..., 0], rest[..., 1]
    size = float((weights * second * second).sum())
    blur = float((weights * second * differences).sum()) / max(size, 1e-12)
    return fitted[:, 2, 0] - blur * fitted[:, 2, 1] + blur * bend_per_mm, blur


def _curvature_per_mm(outline_mm: Array, normals: Array, smooth: float) -> Array:
    """Curvature of the outline, positive where it is convex, shape (N,)."""
    along = np.roll(outline_mm, -1, axis=0) - np.roll(outline_mm, 1, axis=0)
    turned = np.roll(normals, -1, axis=0) - np.roll(normals, 1, axis=0)
    curvature = (turned * along).sum(axis=1) / (along * along).sum(axis=1)
    return np.asarray(ndimage.gaussian_filter1d(curvature, smooth, mode="wrap"))
