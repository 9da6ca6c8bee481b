"""Slices of a visit on the pixel grid that all visits of a participant share."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray

from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.midplane.plane_sampling import sample_planes
from callosal.pipelines.planning.plan_file import Plan
from callosal.pipelines.planning.plan_frame import frame_of

Array = NDArray[np.float64]

OFFSETS_MM: Final = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""Distance of each slice from the common plane, toward the right; measures are means over them."""

MIDDLE: Final = OFFSETS_MM.index(0.0)

_FIELD_MM: Final = 256.0
_ANGLE_DEG: Final = -2.9
"""Tilt of the callosum on the slices: the mean of 52 heads in AC-PC pose, which networks expect."""


@dataclass(frozen=True, eq=False)
class CommonFrame:
    """The mean frame of all visits, expressed as axes in the patient space of one visit.

    Attributes:
        axes: Unit vectors toward left, posterior and superior along the plan, as rows, (3, 3).
        center_lps_mm: Centre of the callosum, shape (3,).
    """

    axes: Array
    center_lps_mm: Array

    @classmethod
    def of(cls, plan: Plan, to_mean: Array) -> "CommonFrame":
        """The frame in the space of a visit.

        Args:
            plan: Plan of the visit, with stacks.
            to_mean: Matrix from the frame of that plan to the mean frame, shape (4, 4).
        """
        own = frame_of(plan)
        from_mean = np.linalg.inv(to_mean)
        if plan.final is None:
            raise ValueError("a plan with stacks has a pose")
        center = np.array(plan.final.center_lps_mm) + from_mean[:3, 3] @ own
        return cls(from_mean[:3, :3].T @ own, center)


def common_slices(volume: Volume, frame: CommonFrame, spacing_mm: float) -> tuple[SliceImage, ...]:
    """Cut the slices of a visit, one for each of `OFFSETS_MM`, in the patient space of the visit.

    Args:
        volume: Voxels of the visit.
        frame: The common frame in that patient space.
        spacing_mm: Pixel size of the slices.
    """
    _, posterior, superior = frame.axes
    cos, sin = np.cos(np.deg2rad(_ANGLE_DEG)), np.sin(np.deg2rad(_ANGLE_DEG))
    row_dir = cos * posterior + sin * superior
    col_dir = sin * posterior - cos * superior
    side = round(_FIELD_MM / spacing_mm)
    grid = SliceImage(
        pixels=np.zeros((side, side), np.float32),
        spacing_mm=(spacing_mm, spacing_mm),
        center_lps_mm=frame.center_lps_mm,
        row_dir=row_dir,
        col_dir=col_dir,
        source_voxel_mm=_voxel_mm(volume, col_dir, row_dir),
    )
    planes = sample_planes(volume, grid, np.array(OFFSETS_MM))
    return tuple(
        replace(grid, pixels=pixels, center_lps_mm=grid.center_lps_mm + offset_mm * grid.normal)
        for pixels, offset_mm in zip(planes, OFFSETS_MM, strict=True)
    )


def _voxel_mm(volume: Volume, down: Array, along: Array) -> tuple[float, float]:
    """Width of a voxel down the columns and along the rows of a slice."""
    steps = np.asarray(volume.affine)[:3, :3]
    return float(np.linalg.norm(down @ steps)), float(np.linalg.norm(along @ steps))
