"""Labelled slices on one grid, so that real and generated ones can be compared.

Generators draw windows about the callosum, or whole slices; real slices are cut to the same
field of view. Windows for the search of copies are also turned to one pose, so that a shifted
or tilted copy is still found.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.pipelines.datasets.slice_bank import LabelledSlice

Images = NDArray[np.float32]
Masks = NDArray[np.uint8]

WHOLE_HEAD_MM = 150.0
"""Pictures with a shorter side than this are windows about the callosum."""

MARGIN_MM = 6.0
"""Cut from every side of such windows: their callosum may lie so far from their centre."""


@dataclass(frozen=True)
class Field:
    """The grid of a comparison.

    Attributes:
        spacing_mm: Size of the square pixels.
        shape: Rows and columns.
        about_callosum: Whether windows are centred on the callosum, else on the slice.
    """

    spacing_mm: float
    shape: tuple[int, int]
    about_callosum: bool


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows on labelled slices.

    Attributes:
        images: Intensities, the 99.5th percentile 1, shape (N, H, W).
        masks: 0 or 1, shape (N, H, W).
        spacing_mm: Size of the pixels.
    """

    images: Images
    masks: Masks
    spacing_mm: float

    def __len__(self) -> int:
        return len(self.images)


def field_of(generated: Sequence[LabelledSlice], spacing_mm: float | None = None) -> Field:
    """The grid that the generated slices can fill without padding.

    Args:
        generated: At least one slice; all of one size.
        spacing_mm: Pixel size of the comparison; that of the slices without it.
    """
    first = generated[0]
    spacing_mm = spacing_mm or float(min(first.spacing_mm))
    extent_mm = np.array(first.image.shape) * first.spacing_mm
    about_callosum = bool(extent_mm.min() < WHOLE_HEAD_MM)
    if about_callosum:
        extent_mm = extent_mm - 2 * MARGIN_MM
    rows, columns = np.floor(extent_mm / spacing_mm + 1e-6).astype(int)
    return Field(spacing_mm, (int(rows), int(columns)), about_callosum)


def cut(slices: Sequence[LabelledSlice], field: Field) -> Windows:
    """Windows as they are, unturned."""
    return _windows(slices, field, turned=np.zeros(len(slices)))


def cut_posed(slices: Sequence[LabelledSlice], field: Field) -> Windows:
    """Windows about the callosum, turned so that its principal axis is level."""
    centred = Field(field.spacing_mm, field.shape, about_callosum=True)
    return _windows(slices, centred, turned=np.array([tilt_rad(one) for one in slices]))


def tilt_rad(labelled: LabelledSlice) -> float:
    """Angle of the mask's principal axis from the columns' direction, in (-pi/2, pi/2].

    A mask of one pixel or none has no axis and is taken as level.
    """
    places = np.argwhere(labelled.mask > 0) * np.array(labelled.spacing_mm)
    if len(places) < 2:
        return 0.0
    (yy, xy), (_, xx) = np.cov(places.T, bias=True)
    return float(0.5 * np.arctan2(2 * xy, xx - yy))


def _windows(slices: Sequence[LabelledSlice], field: Field, turned: NDArray[np.float64]) -> Windows:
    images = np.empty((len(slices), *field.shape), np.float32)
    masks = np.empty((len(slices), *field.shape), np.uint8)
    for index, (labelled, angle) in enumerate(zip(slices, turned, strict=True)):
        places = _places(labelled, field, float(angle))
        images[index] = _scaled(_sampled(labelled.image, labelled, field, places))
        masks[index] = _sampled(labelled.mask, labelled, field, places) > 0.5
    return Windows(images, masks, field.spacing_mm)


def _places(labelled: LabelledSlice, field: Field, angle: float) -> NDArray[np.float64]:
    """Index coordinates in the slice of every pixel of the window, shape (2, H, W)."""
    middle = (np.array(labelled.image.shape) - 1) / 2
    if field.about_callosum:
        middle = np.array(ndimage.center_of_mass(labelled.mask))
    cos, sin = np.cos(angle), np.sin(angle)
    shape = np.array(field.shape)
    away = (np.indices(field.shape) - ((shape - 1) / 2)[:, None, None]) * field.spacing_mm
    turn = np.array([[cos, sin], [-sin, cos]])
    mm = np.einsum("ij,jhw->ihw", turn, away)
    places: NDArray[np.float64] = (
        mm / np.array(labelled.spacing_mm)[:, None, None] + middle[:, None, None]
    )
    return places


def _sampled(
    pixels: NDArray[np.generic],
    labelled: LabelledSlice,
    field: Field,
    places: NDArray[np.float64],
) -> Images:
    """Pixels at places; averaged first where pixels are dropped."""
    values = pixels.astype(np.float32)
    step = field.spacing_mm / np.array(labelled.spacing_mm)
    sigma = np.clip((step - 1) / 2, 0, None)
    smooth = ndimage.gaussian_filter(values, sigma) if sigma.any() else values
    sampled: Images = ndimage.map_coordinates(smooth, places, order=1, mode="nearest")
    return sampled


def _scaled(image: Images) -> Images:
    top = float(np.percentile(image, 99.5))
    return (image.clip(0) / (top if top > 0 else 1.0)).astype(np.float32)
