"""The head in an image: where its middle is, and its anatomy freed of shading and contrast."""

import numpy as np

from callosal.models.errors import InputError
from callosal.pipelines.midplane.resample import (
    Array,
    GridImage,
    Image,
    apply_along_axis,
    gaussian_weights,
    single_precision,
)

_HEAD_HEIGHT_MM = 150.0  # of the part below the vertex in which the search for the middle starts
_MODE_SIGMA_MM = 45.0  # half of a brain's half-width: a head attracts, a neck beside it does not
_KNOWN = 0.95  # share of a voxel below which the edge of a padded region shows in it
_LEAST_SHARE = 1e-3
_NEGATIVE_AIR = 0.1  # of the range above it: noise about zero stays as it is
_DARK = 0.1  # of the brightest neighbourhood: below it shading is not told from air
_SATURATION = 1.0  # times the mean contrast: a lesion or a vessel is not the whole picture
_CONTRAST_FLOOR = 0.03  # of the strongest local power: keeps the noise of air from being raised


def over_air(image: GridImage) -> GridImage:
    """The image with its air at zero, where it lies far below: rescaled values may be negative.

    Air is what the faces of the image hold.
    """
    values = image.values
    faces = [values[at] for axis in range(3) for at in _both_ends(axis)]
    air = float(np.median(np.concatenate([face.ravel() for face in faces])))
    if air >= -_NEGATIVE_AIR * (float(np.percentile(values, 99)) - air):
        return image
    return image.with_values(values - np.float32(air))


def _both_ends(axis: int) -> list[tuple[slice | int, ...]]:
    before = (slice(None),) * axis
    return [(*before, 0), (*before, -1)]


def head_center(image: GridImage, superior: Array) -> Array:
    """The middle of the head in an image.

    Args:
        image: Coarse image of the head.
        superior: Unit direction toward the patient's vertex in grid mm, shape (3,).

    Returns:
        Grid mm of the middle, shape (3,).

    Raises:
        InputError: Nothing stands out from the background (`empty_volume`).
    """
    return middle_of_head(tissue_points(image), superior)


def tissue_points(image: GridImage) -> Array:
    """Grid mm of the voxels that are not air, shape (N, 3).

    Raises:
        InputError: Nothing stands out from the background (`empty_volume`).
    """
    tissue = np.argwhere(image.values > _tissue_threshold(image.values))
    return np.asarray(tissue * image.spacing_mm + image.origin_mm)


def middle_of_head(points: Array, superior: Array) -> Array:
    """The middle of the head: the mode of the density of tissue that lies nearest the vertex.

    Mean shift with a Gaussian window, so that the point moves with the head and hardly depends on
    how much of the neck is in view (Comaniciu and Meer 2002, PAMI 24(5)).

    Args:
        points: Points of tissue, shape (N, 3).
        superior: Unit direction toward the patient's vertex in their frame, shape (3,).

    Returns:
        The middle in the frame of the points, shape (3,).
    """
    height = points @ superior
    center = points[height > np.percentile(height, 99.5) - _HEAD_HEIGHT_MM].mean(axis=0)
    for _ in range(200):
        weights = np.exp(-0.5 * ((points - center) ** 2).sum(axis=1) / _MODE_SIGMA_MM**2)
        shifted = weights @ points / weights.sum()
        shift_mm = np.linalg.norm(shifted - center)
        center = shifted
        if shift_mm < 1e-3:
            break
    return np.asarray(center)


def _tissue_threshold(values: Image) -> float:
    """Threshold between air and tissue after Otsu (1979), lowered to keep dark tissue."""
    positive = values[values > 0]
    if positive.size < 8 or positive.min() == positive.max():
        raise InputError(
            "the volume holds no picture: nothing in it is brighter than air; leave the series out",
            "empty_volume",
        )
    counts, edges = np.histogram(positive, 128, (0.0, float(np.percentile(positive, 99))))
    middles = (edges[1:] + edges[:-1]) / 2
    below = np.cumsum(counts)
    moment = np.cumsum(counts * middles)
    spread = (moment[-1] * below / below[-1] - moment) ** 2
    between = spread / np.maximum(below * (below[-1] - below), 1)
    best = between >= 0.999 * between.max()  # a plateau where no voxel lies between the modes
    return 0.7 * float(middles[best].mean())


def local_contrast(image: GridImage, known: Image, sigma_mm: float) -> GridImage:
    """Removes shading and scales contrast to one everywhere, but in the air.

    Args:
        image: Isotropic image.
        known: Share of each voxel that was measured and not padded, 0..1, same shape.
        sigma_mm: Size of the neighbourhood whose mean becomes zero; its power is taken over one
            and a half times that size.

    Returns:
        Local contrast on the same grid, about -3 to 3; NaN where the image is not known.
    """
    spacing_mm = image.spacing_mm
    weight = np.clip(known, 0, 1)
    mean = _background(image.values * weight, spacing_mm, sigma_mm)
    mean /= _background(weight, spacing_mm, sigma_mm) + _LEAST_SHARE
    relative = (image.values - mean) / (np.abs(mean) + _DARK * np.abs(mean).max())
    typical = float((weight * np.abs(relative)).sum() / max(1.0, float(weight.sum())))
    relative = np.clip(relative, -_SATURATION * typical, _SATURATION * typical)
    power = _background(weight * relative**2, spacing_mm, 1.5 * sigma_mm)
    power /= _background(weight, spacing_mm, 1.5 * sigma_mm) + _LEAST_SHARE
    contrast = relative / np.sqrt(power + _CONTRAST_FLOOR * power.max())
    return image.with_values(np.where(known > _KNOWN, contrast, np.float32(np.nan)))


def _background(values: Image, spacing_mm: Array, sigma_mm: float) -> Image:
    """Gaussian blur by way of a coarse grid, on which a wide blur costs little."""
    part_mm = sigma_mm / np.sqrt(2)
    to_coarse, to_fine = [], []
    for length, step in zip(values.shape, spacing_mm, strict=True):
        fine = np.arange(length) * step
        coarse = np.linspace(0, fine[-1], max(2, int(np.ceil(fine[-1] / part_mm)) + 1))
        to_coarse.append(single_precision(gaussian_weights(fine, coarse, part_mm)))
        to_fine.append(single_precision(gaussian_weights(coarse, fine, part_mm)))
    for axis in (2, 1, 0):
        values = apply_along_axis(to_coarse[axis], values, axis)
    for axis in (0, 1, 2):
        values = apply_along_axis(to_fine[axis], values, axis)
    return values
