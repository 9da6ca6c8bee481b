"""The sagittal slices that a stack offers: cut along its midplane, or its own 2D slices."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from highdicom import Volume

from callosal.models.errors import InputError
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.midplane.localizer_midline import (
    LocalizerMidline,
    find_localizer_midline,
)
from callosal.pipelines.midplane.midsagittal import MidsagittalPlane, find_midsagittal_plane
from callosal.pipelines.midplane.resample import Array
from callosal.pipelines.midplane.sagittal_slice import NativePlane, cut_slice

_VOLUME_SLICES: Final = 16  # a sagittal stack with fewer is a localizer
_VOLUME_SPACING_MM: Final = 8.0
_VOLUME_EXTENT_MM: Final = 80.0
_LEAST_SLICES: Final = 8  # of another orientation, to cut a sagittal slice across them
_LEAST_EXTENT_MM: Final = 40.0
_SAGITTAL_DEG: Final = 45.0  # a head turned by 30 degrees about two axes is still sagittal
_LARGEST_FIELD_MM: Final = 512.0


@dataclass(frozen=True, eq=False)
class SagittalViews:
    """Sagittal slices of a stack among which the callosum is looked for.

    Attributes:
        slices: The midsagittal slice of a volume, or every slice of a 2D sagittal stack.
        dof_estimated: Angles that a pose on these slices measures: 3 for a volume, whose plane
            gives two more, 1 for 2D slices.
        plane: The midsagittal plane of a volume; None for 2D slices, which set their own.
        midline: Where the midline lies among 2D slices; None where they do not tell it.
    """

    slices: tuple[SliceImage, ...]
    dof_estimated: int
    plane: MidsagittalPlane | None
    midline: LocalizerMidline | None = None


@dataclass(frozen=True, eq=False)
class StackShape:
    """How a volume's slices lie.

    Attributes:
        axis: Array axis along which slices follow each other.
        count: Number of slices.
        spacing_mm: Distance of slice centres, gaps included.
        normal: Unit vector along that axis in LPS, shape (3,).
    """

    axis: int
    count: int
    spacing_mm: float
    normal: Array

    @classmethod
    def of(cls, volume: Volume) -> "StackShape":
        """Takes the axis with the fewest voxels, the first (DICOM's slices) among equals."""
        spacing_mm = np.linalg.norm(volume.affine[:3, :3], axis=0)
        axis = int(np.argmin(volume.spatial_shape))
        normal = volume.affine[:3, axis] / spacing_mm[axis]
        return cls(axis, volume.spatial_shape[axis], float(spacing_mm[axis]), normal)

    @property
    def extent_mm(self) -> float:
        """Reach of the stack along its normal."""
        return self.count * self.spacing_mm

    @property
    def is_sagittal(self) -> bool:
        """Whether the slices lie within 45 degrees of sagittal."""
        return abs(float(self.normal[0])) >= math.cos(math.radians(_SAGITTAL_DEG))

    @property
    def is_volume(self) -> bool:
        """Whether a midsagittal plane can be found across the slices."""
        if self.is_sagittal:
            return (
                self.count >= _VOLUME_SLICES
                and self.spacing_mm <= _VOLUME_SPACING_MM
                and self.extent_mm >= _VOLUME_EXTENT_MM
            )
        return self.count >= _LEAST_SLICES and self.extent_mm >= _LEAST_EXTENT_MM


def views(volume: Volume, spacing_mm: float = 0.5) -> SagittalViews:
    """Decides which way a stack is taken and gives its sagittal slices.

    A stack is taken as a volume where its slices let a plane be found across them; a sagittal
    localizer of a few, thick or far-spaced slices is taken slice by slice, and its symmetry tells
    which of them lie near the midline.

    Args:
        volume: A stack, any array axes and dtype.
        spacing_mm: Pixel spacing of the slices given.

    Returns:
        The slices, and the plane where there is one.

    Raises:
        InputError: The slices are neither sagittal nor enough for a volume
            (`too_few_slices`), or one of `find_midsagittal_plane`.
    """
    stack = StackShape.of(volume)
    if stack.is_volume:
        plane = find_midsagittal_plane(volume)
        return SagittalViews((cut_slice(volume, plane, spacing_mm),), 3, plane)
    candidates = sagittal_candidates(volume, spacing_mm)
    midline = find_localizer_midline(volume, stack.count, stack.spacing_mm)
    return SagittalViews(candidates, 1, None, midline)


def sagittal_candidates(volume: Volume, spacing_mm: float = 0.5) -> tuple[SliceImage, ...]:
    """The slices of a sagittal stack, each in the frame of the midsagittal slice.

    Args:
        volume: A stack whose slices lie within 45 degrees of sagittal.
        spacing_mm: Pixel spacing wanted in plane.

    Returns:
        One slice image for each slice, in the order of the stack.

    Raises:
        InputError: The slices are not sagittal (`too_few_slices`).
    """
    stack = StackShape.of(volume)
    if not stack.is_sagittal:
        raise InputError(
            f"{stack.count} slices {stack.spacing_mm:.1f} mm apart that are not sagittal are too "
            f"few to cut a sagittal slice across them: give a sagittal stack, or {_LEAST_SLICES} "
            f"slices over {_LEAST_EXTENT_MM:.0f} mm",
            "too_few_slices",
        )
    toward_right = stack.normal if stack.normal[0] < 0 else -stack.normal
    return tuple(
        _native_slice(volume, stack, index, toward_right, spacing_mm)
        for index in range(stack.count)
    )


def _native_slice(
    volume: Volume, stack: StackShape, index: int, normal: Array, spacing_mm: float
) -> SliceImage:
    """One slice of a stack, resampled in its own plane only."""
    others = [axis for axis in range(3) if axis != stack.axis]
    single = volume.permute_spatial_axes([stack.axis, *others])[index : index + 1]
    middle = (np.array(single.spatial_shape) - 1) / 2
    middle_lps_mm = single.affine[:3, :3] @ middle + single.affine[:3, 3]
    return cut_slice(single, NativePlane(middle_lps_mm, normal), spacing_mm, _LARGEST_FIELD_MM)
