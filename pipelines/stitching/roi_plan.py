"""Stacks of a rotated region on a joined picture, in patient coordinates.

The long axis of the region runs along the spine. One stack lies along the picture, one crosses
the spine at a right angle to that axis, and one lies along the axis at a right angle to both.
"""

import math

import numpy as np
from numpy.typing import NDArray

from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.planning.plan import ScanPlan, SliceStack
from callosal.pipelines.settings import PlanSettings, SliceSettings

UPRIGHT_DEG = 90.0
"""Angle of a region whose long axis runs from feet to head."""

LARGEST_TILT_DEG = 60.0
LARGEST_MM = 1200.0

Array = NDArray[np.float64]


def first_roi(place: SliceImage) -> RotatedBox:
    """Where a person starts: upright in the middle of the picture, most of its height."""
    height = place.pixels.shape[0] * place.spacing_mm[0]
    width = place.pixels.shape[1] * place.spacing_mm[1]
    return RotatedBox((0.0, 0.0), (0.7 * height, min(0.35 * width, 0.6 * height)), UPRIGHT_DEG)


def tilt_from_upright_deg(angle_deg: float) -> float:
    """How far a long axis leans from the upright, in (-90, 90].

    >>> tilt_from_upright_deg(80.0), tilt_from_upright_deg(-85.0)
    (-10.0, 5.0)
    """
    tilt = (angle_deg - UPRIGHT_DEG) % 180.0
    return tilt - 180.0 if tilt > 90.0 else tilt


def plan_of_roi(
    place: SliceImage, roi: RotatedBox, depth_mm: float, settings: PlanSettings
) -> ScanPlan:
    """Three stacks that cover a region.

    Args:
        place: The picture, of a sagittal or coronal volume.
        roi: The region on it.
        depth_mm: How far the volume reaches across the picture.
        settings: Thickness and gap of the slices.

    Raises:
        GeometryError: The long axis leans too far from the upright (`angle_out_of_range`), or the
            centre lies outside of the picture (`outside_field`).
    """
    _check(place, roi)
    tilt = math.radians(tilt_from_upright_deg(roi.angle_deg))
    # Toward the head and toward the right side of the picture, as turned.
    up = -math.cos(tilt) * place.col_dir + math.sin(tilt) * place.row_dir
    right = math.cos(tilt) * place.row_dir + math.sin(tilt) * place.col_dir
    length, width = roi.size_mm
    center = place.mm_to_lps(roi.center_mm)
    through = place.normal
    is_sagittal = abs(float(through[0])) >= abs(float(through[1]))
    along = settings.sagittal if is_sagittal else settings.coronal
    other = settings.coronal if is_sagittal else settings.sagittal
    picture = _stack(right, -up, center, (width, length), depth_mm, along)
    left = -through if is_sagittal else right
    back = right if is_sagittal else through
    across = max(width, depth_mm)
    transverse = _stack(left, back, center, (across, across), length, settings.transverse)
    rows = left if is_sagittal else back
    third = _stack(rows, -up, center, (across, length), width, other)
    sagittal, coronal = (picture, third) if is_sagittal else (third, picture)
    return ScanPlan(transverse, coronal, sagittal, center)


def _stack(
    row_dir: Array, col_dir: Array, center: Array, fov_mm: tuple[float, float], cover_mm: float,
    slices: SliceSettings,
) -> SliceStack:  # fmt: skip
    distance = slices.thickness_mm + slices.gap_mm
    count = max(1, math.ceil((cover_mm + slices.gap_mm) / distance - 1e-9))
    return SliceStack(
        row_dir=row_dir, col_dir=col_dir, center_lps_mm=center, fov_mm=fov_mm,
        thickness_mm=slices.thickness_mm, gap_mm=slices.gap_mm, n_slices=count,
    )  # fmt: skip


def _check(place: SliceImage, roi: RotatedBox) -> None:
    tilt = tilt_from_upright_deg(roi.angle_deg)
    if abs(tilt) > LARGEST_TILT_DEG + 1e-6:
        raise GeometryError(
            f"the long axis leans {tilt:.1f} degrees from the upright; up to "
            f"{LARGEST_TILT_DEG:g} either way are allowed",
            "angle_out_of_range",
        )
    row, column = place.mm_to_pixels(roi.center_mm)
    height, width = place.pixels.shape
    if not (0 <= row <= height - 1 and 0 <= column <= width - 1):
        raise GeometryError(
            f"the centre ({roi.center_mm[0]:.1f}, {roi.center_mm[1]:.1f}) mm lies outside of the "
            "picture; move it onto the spine",
            "outside_field",
        )
