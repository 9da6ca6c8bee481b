"""Slices without a midsagittal callosum, to test that they are refused.

Made of right slices (the callosum painted out), of whole heads (off the midline, axial,
coronal) and of nothing (a knee of ellipses, noise, flat pictures).
"""

from collections.abc import Sequence

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray
from scipy import ndimage

from callosal.models.arrays import Array
from callosal.pipelines.datasets.slice_bank import LabelledSlice
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.midplane.plane_sampling import sample_planes
from callosal.pipelines.midplane.sagittal_slice import PatientPlane, cut_slices

Pixels = NDArray[np.float32]

_ANTERIOR = np.array([0.0, -1.0, 0.0])
_SUPERIOR = np.array([0.0, 0.0, 1.0])


def painted_out(labelled: LabelledSlice, seed: int, margin_mm: float = 3.0) -> Pixels:
    """The slice with the callosum and a margin filled from around, shape (H, W).

    The nearest pixels outside are carried inward and blurred by 2 mm, and grain like that of the
    surroundings is added, so that no smooth hole remains.

    Args:
        labelled: Slice and mask.
        seed: Number of the grain.
        margin_mm: How far beyond the mask is filled.
    """
    pixels = labelled.image.astype(np.float64)
    spacing = np.array(labelled.spacing_mm)
    away = ndimage.distance_transform_edt(labelled.mask == 0, sampling=spacing)
    hole = away <= margin_mm
    nearest = ndimage.distance_transform_edt(
        hole, sampling=spacing, return_distances=False, return_indices=True
    )
    carried = pixels[tuple(nearest)]
    filled = ndimage.gaussian_filter(carried, 2.0 / spacing)
    grain = (pixels - ndimage.gaussian_filter(pixels, 1.0 / spacing))[(away > 3) & (away < 12)]
    filled += np.random.default_rng(seed).choice(grain, filled.shape)
    blend = np.clip((margin_mm + 1.0 - away), 0, 1)
    painted: Pixels = (pixels + blend * (filled - pixels)).clip(0).astype(np.float32)
    return painted


def off_midline(
    volume: Volume, plane: PatientPlane, offsets_mm: Sequence[float], spacing_mm: float = 0.5
) -> list[Pixels]:
    """Slices parallel to the midsagittal plane, at distances from it."""
    return [cut.pixels for cut in cut_slices(volume, plane, offsets_mm, spacing_mm)]


def across(
    volume: Volume,
    center_lps_mm: Array,
    normal: Array,
    offsets_mm: Sequence[float],
    spacing_mm: float = 0.5,
    side_mm: float = 230.0,
) -> list[Pixels]:
    """Square slices across a head: superior normal for axial ones, anterior for coronal ones.

    Args:
        volume: The head.
        center_lps_mm: Middle of the slices at offset 0, shape (3,).
        normal: Unit normal of the slices, not along the patient's left, shape (3,).
        offsets_mm: Distances along the normal.
        spacing_mm: Size of the square pixels.
        side_mm: Height and width.
    """
    left = np.array([1.0, 0.0, 0.0]) - normal * normal[0]
    left /= np.linalg.norm(left)
    count = round(side_mm / spacing_mm)
    grid = SliceImage(
        np.zeros((count, count), np.float32),
        (spacing_mm, spacing_mm),
        np.asarray(center_lps_mm, dtype=float),
        left,
        np.cross(normal, left),
    )
    return list(sample_planes(volume, grid, np.asarray(offsets_mm, dtype=float)))


def axial(volume: Volume, center_lps_mm: Array, offsets_mm: Sequence[float]) -> list[Pixels]:
    """Axial slices, superior of the centre by the offsets."""
    return across(volume, center_lps_mm, _SUPERIOR, offsets_mm)


def coronal(volume: Volume, center_lps_mm: Array, offsets_mm: Sequence[float]) -> list[Pixels]:
    """Coronal slices, anterior of the centre by the offsets."""
    return across(volume, center_lps_mm, _ANTERIOR, offsets_mm)


def knee(seed: int, count: int = 400, spacing_mm: float = 0.5) -> Pixels:
    """A sagittal knee of ellipses: bones with dark cortex, bright cartilage arcs, muscle, fat.

    The arcs of cartilage over the condyle look most like a callosum.

    Args:
        seed: Number of the knee.
        count: Rows and columns.
        spacing_mm: Size of the square pixels.
    """
    draw = np.random.default_rng(seed)
    y, x = (np.mgrid[:count, :count] - (count - 1) / 2) * spacing_mm
    x, y = x + draw.uniform(-10, 10), y + draw.uniform(-10, 10)
    tilt = draw.uniform(-0.3, 0.3)
    x, y = x * np.cos(tilt) + y * np.sin(tilt), y * np.cos(tilt) - x * np.sin(tilt)
    marrow, cartilage = draw.uniform(0.6, 0.9), draw.uniform(0.7, 1.2)
    picture = np.where(np.abs(x) < 62, draw.uniform(0.25, 0.45), 0.0)
    picture[(np.abs(x) > 55) & (np.abs(x) < 62)] = draw.uniform(0.8, 1.1)
    condyle = draw.uniform(22, 30), draw.uniform(19, 26)
    bones = (
        ((0.0, -24.0), condyle),
        ((draw.uniform(-6, 6), -75.0), (15.0, 55.0)),
        ((0.0, 24.0), (29.0, 17.0)),
        ((0.0, 78.0), (15.0, 58.0)),
        ((-40.0, -25.0), (8.0, 20.0)),
    )
    for (at_x, at_y), (half_x, half_y) in bones:
        picture[_inside(x - at_x, y - at_y, half_x + 4, half_y + 4)] = cartilage
        picture[_inside(x - at_x, y - at_y, half_x + 1.2, half_y + 1.2)] = 0.05
    for (at_x, at_y), (half_x, half_y) in bones:
        picture[_inside(x - at_x, y - at_y, half_x, half_y)] = marrow
    picture = ndimage.gaussian_filter(picture, 0.5 / spacing_mm)
    texture = ndimage.gaussian_filter(draw.standard_normal(picture.shape), 3) * 0.5
    noise = draw.standard_normal((2, *picture.shape)) * draw.uniform(0.01, 0.06)
    scanned: Pixels = np.hypot(picture * (1 + texture) + noise[0], noise[1]).astype(np.float32)
    return scanned * np.float32(500)


def noise(seed: int, shape: tuple[int, int] = (400, 400)) -> Pixels:
    """Noise of a random grain, from white to blobs as large as a callosum."""
    draw = np.random.default_rng(seed)
    grain = ndimage.gaussian_filter(draw.standard_normal(shape), draw.choice([0, 1, 3, 8, 16]))
    noisy: Pixels = (100 + 30 * grain / grain.std()).clip(0).astype(np.float32)
    return noisy


def flat(seed: int, shape: tuple[int, int] = (400, 400)) -> Pixels:
    """One value everywhere, a slope, or an empty disc."""
    draw = np.random.default_rng(seed)
    y, x = np.mgrid[: shape[0], : shape[1]] / np.array(shape)[:, None, None] - 0.5
    pictures = (
        np.full(shape, draw.choice([0.0, 1.0, 700.0])),
        500 + 400 * (x * draw.uniform(-1, 1) + y * draw.uniform(-1, 1)),
        600.0 * _inside(x, y, draw.uniform(0.2, 0.45), draw.uniform(0.2, 0.45)),
    )
    return pictures[seed % 3].astype(np.float32)


def _inside(x: Array, y: Array, half_x: float, half_y: float) -> NDArray[np.bool_]:
    within: NDArray[np.bool_] = (x / half_x) ** 2 + (y / half_y) ** 2 <= 1
    return within
