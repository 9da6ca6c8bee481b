"""Stacks: the slices of a series that belong together, in order, with their checks."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from highdicom import AxisHandedness, CoordinateSystemNames, VolumeGeometry
from highdicom.spatial import VOLUME_INDEX_CONVENTION, create_affine_matrix_from_attributes

from callosal.models.errors import InputError
from callosal.pipelines.dicom.frames import Frame
from callosal.pipelines.dicom.grids import SliceGrid, fit_grid
from callosal.pipelines.dicom.grouping import Plane, split_series
from callosal.pipelines.dicom.headers import Header
from callosal.pipelines.dicom.joining import Group, join_parts
from callosal.pipelines.dicom.pixel_layout import MAX_DECODED_BYTES
from callosal.pipelines.dicom.scattered import gather_scattered, several_patients
from callosal.pipelines.dicom.slices import can_be_filled, missing_slices
from callosal.pipelines.dicom.time_points import split_time_points
from callosal.pipelines.dicom.views import check_sagittal_view

DEFAULT_SLICE_SPACING_MM = 1.0
"""Slice distance of a single slice that declares neither distance nor thickness."""

MAX_STRAY_SLICES = 2
MIN_VOLUME_SLICES = 16
"""Up to MAX_STRAY_SLICES slices beside a stack of at least this many in one series are strays."""


@dataclass(frozen=True, slots=True)
class Stack:
    """Slices of one series with one geometry, ordered along row_dir x col_dir.

    Attributes:
        key: Stable identity from the UIDs and what sets the stack apart in its series; internal,
            never shown.
        planes: The slices in order.
        slice_spacing_mm: Distance of slice centres; measured where there are two at least.
        code: Reason code of a skipped stack, "" for a kept one.
        reason: Why it was skipped, one line.
        notes: What a user should know of a kept stack.
        grid: Where the slices of a kept stack lie, small gaps included; None where the first
            slice and the distance say it all.
    """

    key: str
    planes: tuple[Plane, ...]
    slice_spacing_mm: float
    code: str = ""
    reason: str = ""
    notes: tuple[str, ...] = ()
    grid: SliceGrid | None = None

    @property
    def is_kept(self) -> bool:
        """Whether the stack is fit for inference."""
        return not self.code

    @property
    def header(self) -> Header:
        """Header of the file of the first slice."""
        return self.planes[0].header

    @property
    def frame(self) -> Frame:
        """The first slice."""
        return self.planes[0].frame

    @property
    def n_files(self) -> int:
        """Files that the slices lie in."""
        return len({plane.header.file.path for plane in self.planes})

    @property
    def places(self) -> tuple[int, ...]:
        """Index of each slice along array axis 0 of the grid."""
        return tuple(range(len(self.planes))) if self.grid is None else self.grid.places

    @property
    def missing(self) -> tuple[int, ...]:
        """Places without a slice, whose voxels are filled in from the neighbours."""
        return () if self.grid is None else self.grid.missing

    @property
    def geometry(self) -> VolumeGeometry:
        """Grid with array axes (slice, row, column) in patient space (LPS, mm)."""
        frame, grid = self.frame, self.grid
        origin_lps_mm = frame.position_lps_mm if grid is None else grid.origin_lps_mm
        axes = (frame.row_dir, frame.col_dir) if grid is None else (grid.row_dir, grid.col_dir)
        affine = create_affine_matrix_from_attributes(
            image_position=origin_lps_mm,
            image_orientation=(*axes[0], *axes[1]),
            pixel_spacing=frame.spacing_mm if grid is None else grid.spacing_mm[1:],
            spacing_between_slices=self.slice_spacing_mm,
            index_convention=VOLUME_INDEX_CONVENTION,
            slices_first=True,
            handedness=AxisHandedness.LEFT_HANDED,  # slices grow along row_dir x col_dir
        )
        layout = self.header.layout
        return VolumeGeometry(
            affine,
            (self.places[-1] + 1, layout.rows, layout.columns),
            CoordinateSystemNames.PATIENT,
            self.header.frame_of_reference_uid or None,
        )


def find_stacks(
    headers: Iterable[Header],
    check_view: Callable[[VolumeGeometry], None] = check_sagittal_view,
) -> tuple[Stack, ...]:
    """Group headers into stacks and judge each.

    Args:
        headers: Headers of any number of series, in any order.
        check_view: Raises an InputError for a stack that does not show enough of what is looked
            for; by default, of a head from the side.

    Returns:
        All stacks, kept or skipped, ordered by series number and then by key: the same for the
        same files however they are named.
    """
    by_series: dict[tuple[str, str], list[Header]] = {}
    for header in headers:
        by_series.setdefault((header.study_uid, header.series_uid), []).append(header)
    groups = gather_scattered(_group_series(series) for series in by_series.values())
    stacks: dict[tuple[str, str], list[Stack]] = {}
    for group in groups:
        header = group.planes[0].header
        stacks.setdefault((header.study_uid, header.series_uid), []).extend(
            _build(group, check_view)
        )
    marked = (stack for of_series in stacks.values() for stack in _mark_strays(of_series))
    return tuple(sorted(marked, key=_order))


def _group_series(headers: list[Header]) -> list[Group]:
    parts = split_series(headers)
    reason = several_patients(headers)
    if reason:
        planes = tuple(plane for part in parts for plane in part)
        return [Group(planes, code="several_patients", reason=reason)]
    return join_parts(parts)


def _order(stack: Stack) -> tuple[str, int, str]:
    number = stack.header.series_number
    return stack.header.study_uid, -1 if number is None else number, stack.key


def _build(group: Group, check_view: Callable[[VolumeGeometry], None]) -> list[Stack]:
    """The stack of a group of planes, and one more for its later time points."""
    planes = group.planes
    whole = Stack(
        _key(planes[0]), planes, nominal_spacing_mm(planes), group.code, group.reason, group.notes
    )
    if group.code:
        return [whole]
    try:
        times = split_time_points(planes)
    except InputError as error:
        return [replace(whole, code=error.code, reason=str(error))]
    points = times.points
    first = replace(whole, planes=points[0], slice_spacing_mm=nominal_spacing_mm(points[0]))
    if times.n_copies:
        note = f"{times.n_copies} exact copies of slices left out"
        first = replace(first, notes=(*first.notes, note))
    stacks = [_judge(first, check_view)]
    if len(points) > 1:
        later = tuple(plane for point in points[1:] for plane in point)
        reason = f"time points 2 to {len(points)}; the first is used"
        stacks.append(
            replace(
                first, key=f"{first.key}+", planes=later, code="later_time_point", reason=reason
            )
        )
    return stacks


def _judge(stack: Stack, check_view: Callable[[VolumeGeometry], None]) -> Stack:
    """The stack with its measured spacing, or with the code of what is wrong with it."""
    try:
        _check_content(stack)
        check_view(stack.geometry)
        return fitted_stack(stack)
    except InputError as error:
        return replace(stack, code=error.code, reason=str(error))


def fitted_stack(stack: Stack) -> Stack:
    """The stack on the grid that fits its slices.

    Raises:
        InputError: There is none: `uneven_spacing`, `sheared_stack` or `missing_slices`.
    """
    if len(stack.planes) == 1:
        return stack
    fitted = fit_grid(stack.planes)
    if fitted.line.missing and not can_be_filled(fitted.line):
        raise missing_slices(fitted.line)
    notes = list(stack.notes)
    if fitted.line.missing:
        n_places = fitted.grid.places[-1] + 1
        notes.append(
            f"{len(fitted.line.missing)} of {n_places} slices filled from their neighbours"
        )
    if fitted.line.rounding_mm:
        notes.append(f"positions are rounded to {fitted.line.rounding_mm:g} mm: a line was fitted")
    return replace(
        stack,
        slice_spacing_mm=fitted.line.spacing_mm,
        notes=tuple(notes),
        grid=fitted.grid,
    )


def _check_content(stack: Stack) -> None:
    if not stack.frame.is_magnitude:
        raise InputError("a phase, real or imaginary image, not a magnitude", "not_magnitude")
    if stack.frame.is_projection:
        raise InputError("a projection through a volume, not a slice", "projection")
    n_bytes = sum(plane.header.layout.frame_bytes for plane in stack.planes)
    if n_bytes > MAX_DECODED_BYTES:
        raise InputError(
            f"needs {n_bytes / 2**30:.1f} GiB; at most {MAX_DECODED_BYTES / 2**30:.0f} GiB are "
            "decoded",
            "too_large",
        )


def _mark_strays(stacks: list[Stack]) -> list[Stack]:
    """Refuse lone slices beside a volume: processed alone they would pass for a localizer."""
    if max(len(stack.planes) for stack in stacks) < MIN_VOLUME_SLICES:
        return stacks
    reason = "lies in a series with a volume but not on its grid; remove it or mend its header"
    return [
        replace(stack, code="stray_slice", reason=reason)
        if stack.is_kept and len(stack.planes) <= MAX_STRAY_SLICES
        else stack
        for stack in stacks
    ]


def nominal_spacing_mm(planes: tuple[Plane, ...]) -> float:
    """Mean distance of the slices, or what a lone slice declares."""
    first, last = planes[0], planes[-1]
    extent_mm = float((last.position_lps_mm - first.position_lps_mm) @ first.normal)
    if extent_mm > 0:
        return extent_mm / (len(planes) - 1)
    declared = (first.frame.slice_spacing_mm, first.frame.thickness_mm)
    return next((abs(value) for value in declared if value), DEFAULT_SLICE_SPACING_MM)


def _key(plane: Plane) -> str:
    header, frame = plane.header, plane.frame
    facts = [
        header.frame_of_reference_uid,
        [round(value, 2) + 0.0 for value in (*frame.row_dir, *frame.col_dir)],
        [round(value, 3) for value in frame.spacing_mm],
        [header.layout.rows, header.layout.columns],
        [frame.echo_number, frame.echo_time_ms],
        frame.image_type,
    ]
    digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]
    return f"{header.study_uid}/{header.series_uid}/{digest}"
