"""The scan plan: three stacks of slices in patient coordinates from one slice and one pose.

All three share one frame, given by the midsagittal plane and the final angle in it: unit
vectors toward left, posterior (along the final axis) and superior. The sagittal stack is parallel
to the midsagittal plane, the transverse one perpendicular to it along the final axis, the
coronal one perpendicular to both. One slice of each passes through the final centre.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.planning.head_extent import BRAIN_LIMIT_MM, HeadExtent
from callosal.pipelines.planning.prescription import Prescription
from callosal.pipelines.settings import PlanSettings, SliceSettings

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SliceStack:
    """A stack of parallel slices in patient coordinates (LPS, mm).

    Attributes:
        row_dir: Unit vector along a row of the image, shape (3,).
        col_dir: Unit vector down a column, shape (3,).
        center_lps_mm: Centre of the whole stack, shape (3,).
        fov_mm: Field of view along the rows and along the columns.
        thickness_mm: Slice thickness.
        gap_mm: Distance from slice to slice, border to border.
        n_slices: Number of slices, 1 or more.
    """

    row_dir: Array
    col_dir: Array
    center_lps_mm: Array
    fov_mm: tuple[float, float]
    thickness_mm: float
    gap_mm: float
    n_slices: int

    @property
    def normal(self) -> Array:
        """Unit normal row_dir x col_dir; slices are counted along it, shape (3,)."""
        return np.cross(self.row_dir, self.col_dir)

    @property
    def image_orientation_patient(self) -> Array:
        """ImageOrientationPatient: row direction, then column direction, shape (6,)."""
        return np.concatenate([self.row_dir, self.col_dir])

    @property
    def slice_distance_mm(self) -> float:
        """Distance of neighbouring slice centres."""
        return self.thickness_mm + self.gap_mm

    @property
    def slice_centers_lps_mm(self) -> Array:
        """Centre of every slice, shape (n_slices, 3)."""
        steps = np.arange(self.n_slices) - (self.n_slices - 1) / 2
        return np.asarray(
            self.center_lps_mm + steps[:, None] * self.slice_distance_mm * self.normal
        )

    @property
    def prescription(self) -> str:
        """Console-style text of the orientation."""
        return str(Prescription.of(self.image_orientation_patient))


@dataclass(frozen=True, eq=False)
class ScanPlan:
    """The three stacks.

    Attributes:
        transverse: Perpendicular to the midsagittal plane, along the final axis.
        coronal: Perpendicular to both others.
        sagittal: Parallel to the midsagittal plane; its middle slice is that plane.
        center_lps_mm: Final centre in the patient, on a slice of each stack, shape (3,).
    """

    transverse: SliceStack
    coronal: SliceStack
    sagittal: SliceStack
    center_lps_mm: Array


def plan_axes(midsagittal: SliceImage, angle_deg: float) -> Array:
    """Unit vectors toward left, posterior and superior of the plan as rows, shape (3, 3).

    Args:
        midsagittal: The midsagittal slice.
        angle_deg: Tilt of the final axis in it.
    """
    turn = math.radians(angle_deg)
    posterior = math.cos(turn) * midsagittal.row_dir + math.sin(turn) * midsagittal.col_dir
    superior = math.sin(turn) * midsagittal.row_dir - math.cos(turn) * midsagittal.col_dir
    return np.stack([np.cross(posterior, superior), posterior, superior])


def make_plan(
    midsagittal: SliceImage, final: RotatedBox, extent: HeadExtent, settings: PlanSettings
) -> ScanPlan:
    """Three stacks that cover the head around the final pose.

    In their plane, stacks are centred on the head (left to right on the midsagittal plane) and
    cover it; across it, they are centred on whole slices, so that one slice passes through the
    final centre and both ends lie beyond the brain, but not on ears and neck. The sagittal stack
    has as many slices left as right. A number of slices or a field of view that is set lies about
    the final centre instead.

    Args:
        midsagittal: The midsagittal slice.
        final: Final region of interest in it; its angle should lie within 60 degrees.
        extent: Reach of the head from the final centre along `plan_axes`; the default extent is
            an adult's, for when only one slice is known.
        settings: Slices, field of view and margins.
    """
    axes = plan_axes(midsagittal, final.angle_deg)
    center = midsagittal.mm_to_lps(final.center_mm)
    lower, upper = extent.lower_mm, extent.upper_mm
    lower[0] = upper[0] = max(lower[0], upper[0])
    brain = np.minimum([lower, upper], np.reshape(BRAIN_LIMIT_MM, (2, 3)))

    def stack(rows: int, across: int, columns: int, slices: SliceSettings) -> SliceStack:
        """One stack; numbers pick the axes of its rows, its slices and its columns."""
        distance = slices.thickness_mm + slices.gap_mm
        below, above = _slices_on_sides(
            [reach[across] + settings.slice_margin_mm for reach in brain], slices
        )
        shift = (upper - lower) / 2
        sides = lower + upper + 2 * settings.fov_margin_mm
        fov_mm = slices.fov_mm
        if fov_mm is None:
            fov_mm = (_round_up(sides[rows], settings), _round_up(sides[columns], settings))
        else:
            shift = np.zeros(3)
        shift[across] = (above - below) / 2 * distance
        return SliceStack(
            row_dir=axes[rows],
            col_dir=-axes[2] if columns == 2 else axes[columns],
            center_lps_mm=center + shift @ axes,
            fov_mm=fov_mm,
            thickness_mm=slices.thickness_mm,
            gap_mm=slices.gap_mm,
            n_slices=below + 1 + above,
        )

    return ScanPlan(
        transverse=stack(0, 2, 1, settings.transverse),
        coronal=stack(0, 1, 2, settings.coronal),
        sagittal=stack(1, 0, 2, settings.sagittal),
        center_lps_mm=center,
    )


def _slices_on_sides(reach_mm: Sequence[float], slices: SliceSettings) -> tuple[int, int]:
    """Slices below and above the one through the centre."""
    if slices.n_slices is not None:
        return (slices.n_slices - 1) // 2, slices.n_slices // 2
    below_mm, above_mm = reach_mm
    return _slices_to_cover(below_mm, slices), _slices_to_cover(above_mm, slices)


def _slices_to_cover(reach_mm: float, slices: SliceSettings) -> int:
    """Slices on one side of the middle one so that the outer border lies beyond the reach."""
    beyond = max(0.0, reach_mm - slices.thickness_mm / 2)
    return math.ceil(beyond / (slices.thickness_mm + slices.gap_mm) - 1e-9)


def _round_up(side_mm: float, settings: PlanSettings) -> float:
    return math.ceil(side_mm / settings.fov_step_mm - 1e-9) * settings.fov_step_mm
