"""Whether a volume shows enough of a sagittal plane, and how its slices lie, in words."""

import numpy as np
from highdicom import VolumeGeometry
from numpy.typing import NDArray

from callosal.models.errors import InputError

MIN_VIEW_SAMPLES = 8
"""Fewest voxels along each axis of the sagittal plane."""

MAX_VIEW_SPACING_MM = 10.0
"""Widest voxel in the sagittal plane: a callosum is about 75 mm long and 25 mm high."""

MIN_FRONT_BACK_MM = 90.0
"""Shortest view from front to back."""

MIN_UP_DOWN_MM = 50.0
"""Shortest view from top to bottom."""

MAX_UNTILTED_DEG = 0.5
_PLANES = ("sagittal", "coronal", "axial")


def check_sagittal_view(geometry: VolumeGeometry) -> None:
    """Refuse what cannot show a callosum on a sagittal plane.

    The axis nearest to left-right may be short, a single slice even: the two others span the
    plane. So a sagittal localizer passes and an axial one of three slices does not.

    Raises:
        InputError: `no_sagittal_view` or `field_of_view_too_small`.
    """
    across = int(np.argmax(np.abs(geometry.direction[0])))
    in_plane = [axis for axis in range(3) if axis != across]
    spacing_mm = np.asarray(geometry.spacing)
    samples = np.asarray(geometry.spatial_shape)
    if (samples[in_plane] < MIN_VIEW_SAMPLES).any() or (
        spacing_mm[in_plane] > MAX_VIEW_SPACING_MM
    ).any():
        raise InputError(
            f"{samples.min()} slices of {describe_orientation(geometry)} orientation, "
            f"{spacing_mm[samples.argmin()]:.1f} mm apart, give no sagittal view of the brain",
            "no_sagittal_view",
        )
    extents_mm = np.abs(np.asarray(geometry.direction)) @ (samples * spacing_mm)
    front_back_mm, up_down_mm = float(extents_mm[1]), float(extents_mm[2])
    if front_back_mm < MIN_FRONT_BACK_MM or up_down_mm < MIN_UP_DOWN_MM:
        raise InputError(
            f"shows {front_back_mm:.0f} mm front to back and {up_down_mm:.0f} mm top to bottom; "
            f"{MIN_FRONT_BACK_MM:.0f} and {MIN_UP_DOWN_MM:.0f} mm are needed",
            "field_of_view_too_small",
        )


def describe_orientation(geometry: VolumeGeometry) -> str:
    """How the slices (array axis 0) lie, from their normal alone: words for people.

    Returns:
        Such as "sagittal" or "axial, tilted 12.3 deg".
    """
    normal: NDArray[np.float64] = np.abs(np.asarray(geometry.direction)[:, 0])
    plane = int(normal.argmax())
    tilt_deg = float(np.degrees(np.arccos(min(normal[plane], 1.0))))
    if tilt_deg < MAX_UNTILTED_DEG:
        return _PLANES[plane]
    return f"{_PLANES[plane]}, tilted {tilt_deg:.1f} deg"
