"""Degradations of a labelled slice, as by another protocol, coil or tool.

Each keeps grid and reference mask, so a score shows how far the answer on the worse picture is from
the truth on the good one; if the anatomy changes, the mask follows it. Equal seeds give
equal pixels.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.interpolate import CubicSpline

from callosal.models.arrays import Array
from callosal.pipelines.datasets.slice_bank import LabelledSlice
from callosal.pipelines.evaluation.weightings import WEIGHTINGS, Weighting

Degradation = Callable[[LabelledSlice, int], LabelledSlice]

BRAIN_CENTER_MM = (-4.0, -12.0)
"""Middle of the brain from that of the callosum: toward anterior, toward superior."""

VENTRICLE_GROWTH_MM = 3.0
"""How far the border of a ventricle is moved; away from it the shift falls as a Gaussian."""

VENTRICLE_REACH_MM = 3.0
"""Where that Gaussian has fallen to 1/e: callosa keep three quarters of their area."""

BRAIN_HALF_MM = (84.0, 62.0)
"""Half axes of the brain with cerebellum and brainstem on the midsagittal slice."""


def as_is(labelled: LabelledSlice, seed: int) -> LabelledSlice:
    """The slice unchanged."""
    del seed
    return labelled


def skull_stripped(labelled: LabelledSlice, seed: int) -> LabelledSlice:
    """Zero outside an ellipse with the size and place of a brain around the callosum."""
    del seed
    return _with_pixels(labelled, labelled.image.astype(np.float64) * _brain(labelled))


def _brain(labelled: LabelledSlice) -> NDArray[np.bool_]:
    """An ellipse of the size and place of a brain about the callosum, shape (H, W)."""
    rows, columns = np.nonzero(labelled.mask)
    row_mm, column_mm = labelled.spacing_mm
    y = (np.arange(labelled.mask.shape[0]) - rows.mean())[:, None] * row_mm + BRAIN_CENTER_MM[1]
    x = (np.arange(labelled.mask.shape[1]) - columns.mean())[None] * column_mm + BRAIN_CENTER_MM[0]
    return np.asarray((x / BRAIN_HALF_MM[0]) ** 2 + (y / BRAIN_HALF_MM[1]) ** 2 <= 1)


def contrast_inverted(labelled: LabelledSlice, seed: int) -> LabelledSlice:
    """T2-like: inside the head dark becomes bright and bright dark; air stays dark."""
    del seed
    pixels = labelled.image.astype(np.float64)
    top = float(np.percentile(pixels, 99.5))
    body = ndimage.gaussian_filter(pixels, 2.0 / np.array(labelled.spacing_mm)) > 0.1 * top
    body = ndimage.binary_fill_holes(ndimage.binary_closing(body, iterations=5))
    edge = ndimage.gaussian_filter(np.asarray(body, dtype=float), 0.5)
    return _with_pixels(labelled, (top - pixels).clip(0) * edge)


def weighted_as(weighting: Weighting) -> Degradation:
    """The degradation of a T1 slice shown with the tissue contrast of another weighting."""

    def reweight(labelled: LabelledSlice, seed: int) -> LabelledSlice:
        del seed
        pixels = labelled.image.astype(np.float64)
        relative = pixels / max(float(np.median(pixels[labelled.mask > 0])), 1e-6)
        brain = ndimage.gaussian_filter(_brain(labelled).astype(float), 4.0)
        return _with_pixels(labelled, weighting.reweighted(relative, brain))

    return reweight


def noisier(labelled: LabelledSlice, seed: int, factor: float = 3.0) -> LabelledSlice:
    """Adds Rician noise up to `factor` times the noise measured on the slice."""
    sigma = _noise(labelled.image.astype(np.float64)) * np.sqrt(factor**2 - 1)
    return _with_noise(labelled, seed, sigma)


def noisy(labelled: LabelledSlice, seed: int, share: float = 0.1) -> LabelledSlice:
    """Rician noise of a share of the bright tissue, per pixel of the grid."""
    return _with_noise(
        labelled, seed, share * float(np.percentile(labelled.image.astype(np.float64), 99))
    )


def strong_bias(labelled: LabelledSlice, seed: int, ratio: float = 5.0) -> LabelledSlice:
    """A surface coil: gain falls by `ratio` across the slice in a random direction, and bends."""
    draw = np.random.default_rng(seed)
    turn = draw.uniform(0, 2 * np.pi)
    y, x = (np.linspace(-1, 1, count) for count in labelled.image.shape)
    slope = np.cos(turn) * x[None] + np.sin(turn) * y[:, None]
    bend = draw.uniform(-0.3, 0.3) * (x[None] ** 2 + y[:, None] ** 2)
    return _with_pixels(labelled, labelled.image * np.exp(np.log(ratio) / 2 * slope + bend))


def half_field_of_view(labelled: LabelledSlice, seed: int) -> LabelledSlice:
    """Half the height and width, placed at random with 10 mm or more around the callosum."""
    draw = np.random.default_rng(seed)
    window = []
    for axis, count in enumerate(labelled.mask.shape):
        filled = np.flatnonzero(labelled.mask.any(axis=1 - axis))
        margin = round(10 / labelled.spacing_mm[axis])
        first = max(0, int(filled[-1]) + margin - count // 2)
        last = min(count - count // 2, int(filled[0]) - margin)
        start = int(draw.integers(first, max(first, last) + 1))
        window.append(slice(start, start + count // 2))
    part = tuple(window)
    return replace(labelled, image=labelled.image[part], mask=labelled.mask[part])


def coarse(row_mm: float, column_mm: float) -> Degradation:
    """The degradation of a scan with pixels of this size, interpolated back to the grid.

    Args:
        row_mm: Size from superior to inferior; up to the grid's, nothing changes.
        column_mm: Size from anterior to posterior, as for rows.
    """

    def resolve(labelled: LabelledSlice, seed: int) -> LabelledSlice:
        del seed
        pixels = labelled.image.astype(np.float64)
        for axis, size_mm in enumerate((row_mm, column_mm)):
            pixels = averaged(pixels, size_mm / labelled.spacing_mm[axis], axis)
        return _with_pixels(labelled, pixels)

    return resolve


def wide_ventricle(pallor: float) -> Degradation:
    """The degradation of a head with a wide, dark ventricle under a thin callosum.

    Such heads are rare among volunteers and common among patients. Here the ventricle of a real
    slice grows into the callosum from below; the mask follows.

    Args:
        pallor: Share of its brightness that the callosum loses.
    """

    def grow(labelled: LabelledSlice, seed: int) -> LabelledSlice:
        del seed
        spacing = np.array(labelled.spacing_mm)
        border_mm = _outside_arch_mm(labelled)
        smooth = ndimage.gaussian_filter(border_mm, 1.0 / spacing)
        slope = np.array(np.gradient(smooth, *spacing))
        slope /= np.maximum(np.hypot(*slope), 1.0)
        pull = VENTRICLE_GROWTH_MM * np.exp(-((border_mm / VENTRICLE_REACH_MM) ** 2))
        source = np.indices(labelled.mask.shape) - slope * pull / spacing[:, None, None]
        image, mask, depth_mm = (
            ndimage.map_coordinates(np.asarray(values, dtype=float), source, order=1)
            for values in (labelled.image, labelled.mask, -border_mm)
        )
        dark = 1 - 0.7 * (depth_mm / 2.0).clip(0, 1)
        changed = _with_pixels(labelled, image * dark * (1 - pallor * mask))
        return replace(changed, mask=(mask > 0.5).astype(np.uint8))

    return grow


def _outside_arch_mm(labelled: LabelledSlice) -> Array:
    """Distance to the region under the callosum and between its ends, negative inside it."""
    mask = labelled.mask > 0
    above = np.maximum.accumulate(mask, axis=0)
    left = np.maximum.accumulate(mask, axis=1)
    right = np.maximum.accumulate(mask[:, ::-1], axis=1)[:, ::-1]
    arch = above & left & right & ~mask
    outside, inside = (
        np.asarray(ndimage.distance_transform_edt(part, sampling=labelled.spacing_mm))
        for part in (~arch, arch)
    )
    return outside - inside


def averaged(pixels: Array, width: float, axis: int) -> Array:
    """Means over cells of `width` pixels along an axis, interpolated back (cubic) to each pixel.

    Args:
        pixels: Picture, shape (H, W), two cells or more along the axis.
        width: Size of a cell in pixels, whole or not; up to 1 nothing changes.
        axis: 0 along columns, 1 along rows.

    >>> averaged(np.array([[0.0, 2.0, 4.0, 6.0]]), 2, axis=1).tolist()
    [[1.0, 2.0, 4.0, 5.0]]
    """
    if width <= 1:
        return pixels
    lines = np.moveaxis(pixels, axis, 0)
    count = len(lines)
    cells = int(count / width + 1e-9)
    edges = (count - cells * width) / 2 + np.arange(cells + 1) * width
    total = np.concatenate([np.zeros((1, *lines.shape[1:])), np.cumsum(lines, axis=0)])
    low = np.minimum(edges.astype(int), count - 1)
    up_to = total[low] + (edges - low)[:, None] * lines[low]
    centers = (edges[:-1] + edges[1:]) / 2
    spline = CubicSpline(centers, np.diff(up_to, axis=0) / width)
    back = spline((np.arange(count) + 0.5).clip(centers[0], centers[-1]))
    return np.asarray(np.moveaxis(back, 0, axis))


DEGRADATIONS: Mapping[str, Degradation] = {
    "as is": as_is,
    "skull-stripped": skull_stripped,
    "contrast inverted (T2-like)": contrast_inverted,
    **{name: weighted_as(weighting) for name, weighting in WEIGHTINGS.items()},
    "3x noise": noisier,
    "noise of 10 % of white matter": noisy,
    "bias field, gain 5 to 1": strong_bias,
    "slices 5 mm thick along S-I": coarse(5.0, 0.0),
    "slices 5 mm thick along A-P": coarse(0.0, 5.0),
    "half field of view": half_field_of_view,
    "wide ventricle, thin callosum": wide_ventricle(0.0),
    "wide ventricle, thin and pale callosum": wide_ventricle(0.3),
    "matrix 384 (pixels 0.67 mm)": coarse(256 / 384, 256 / 384),
    "matrix 256 (pixels 1 mm)": coarse(1.0, 1.0),
    "pixels 0.75 mm": coarse(0.75, 0.75),
    "pixels 1.25 mm": coarse(1.25, 1.25),
    "pixels 1.5 mm": coarse(1.5, 1.5),
    "pixels 1.5 x 0.75 mm": coarse(1.5, 0.75),
}
"""The rows of the robustness table, for slices of 256 mm and pixels of 0.5 mm."""


def _with_pixels(labelled: LabelledSlice, pixels: NDArray[np.floating]) -> LabelledSlice:
    return replace(labelled, image=pixels.clip(0).astype(np.float32))


def _with_noise(labelled: LabelledSlice, seed: int, sigma: float) -> LabelledSlice:
    grain = np.random.default_rng(seed).standard_normal((2, *labelled.image.shape)) * sigma
    return _with_pixels(labelled, np.hypot(labelled.image + grain[0], grain[1]))


def _noise(pixels: Array) -> float:
    """Standard deviation of the noise (Immerkaer 1996), over pixels that are not 0."""
    kernel = np.array([[1.0, -2.0, 1.0], [-2.0, 4.0, -2.0], [1.0, -2.0, 1.0]])
    response = np.abs(ndimage.convolve(pixels, kernel))[pixels > 0]
    return float(np.sqrt(np.pi / 2) * response.mean() / 6)
