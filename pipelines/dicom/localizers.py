"""Localizers: the stacks of one scout, which belong to one case.

A scout shows the head in a few thick slices of two or three orientations. Scanners write them as
one series, as one series an orientation, and archives cut such series up. What belongs together
shares a frame of reference and was acquired alike.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from callosal.pipelines.dicom.even_runs import even_runs
from callosal.pipelines.dicom.headers import Header
from callosal.pipelines.dicom.stacks import Stack

MAX_SLICES: Final = 40
"""Most slices of one orientation in a scout."""

MAX_SLICES_APART: Final = 15
"""Most slices of one orientation where each orientation is a series of its own: a routine exam has
more."""

LEAST_SPACING_MM: Final = 3.0
"""Slices of a scout are farther apart than this."""

Fuse = Literal["scout", "exam"]
"""What becomes one case: the stacks of one scout, or all 2D stacks of one frame of reference."""

_USABLE: Final = frozenset(
    {
        "",
        "no_sagittal_view",
        "field_of_view_too_small",
        "stray_slice",
        "missing_slices",
        "uneven_spacing",
        "sheared_stack",
    }
)
"""Codes of stacks that may be part of a scout: alone they are refused, together they are not."""

_Group = tuple[list[Stack], str]
"""Stacks of one scout and why they are one."""

_ORIENTATIONS: Final = ("sagittal", "coronal", "axial")


@dataclass(frozen=True, slots=True)
class Localizer:
    """The stacks of one scout.

    Attributes:
        stacks: Two at least, of different orientations, one of them sagittal; sagittal ones first.
            Slices that do not lie on one even line are stacks of their own.
        reason: Why they are one, for people.
    """

    stacks: tuple[Stack, ...]
    reason: str

    @property
    def key(self) -> str:
        """Stable identity from those of the stacks; internal, never shown."""
        keys = "\n".join(sorted(stack.key for stack in self.stacks))
        digest = hashlib.sha256(keys.encode()).hexdigest()[:12]
        return f"{self.header.study_uid}/localizer/{digest}"

    @property
    def sagittal(self) -> Stack:
        """The sagittal stack with the most slices."""
        return self.stacks[0]

    @property
    def header(self) -> Header:
        """Header of the first sagittal slice."""
        return self.sagittal.header

    @property
    def n_files(self) -> int:
        """Files that the slices lie in."""
        return len({plane.header.file.path for stack in self.stacks for plane in stack.planes})

    @property
    def summary(self) -> str:
        """Such as "5 sagittal, 5 coronal and 5 axial slices"."""
        counts = {
            name: sum(len(s.planes) for s in self.stacks if orientation_of(s) == name)
            for name in _ORIENTATIONS
        }
        parts = [f"{count} {name}" for name, count in counts.items() if count]
        return f"{', '.join(parts[:-1])} and {parts[-1]} slices"


def find_localizers(
    stacks: Iterable[Stack], fuse: Fuse = "scout"
) -> tuple[list[Localizer], list[Stack]]:
    """Put the stacks of each scout together.

    Args:
        stacks: All stacks, kept or skipped.
        fuse: "exam" takes all 2D stacks of a frame of reference for one, however far apart in
            time they were acquired: right where the patient did not move in between.

    Returns:
        The localizers, and the stacks that are part of none.
    """
    every = list(stacks)
    candidates = [stack for stack in every if _may_belong(stack)]
    if fuse == "exam":
        groups = _of_one_frame(candidates)
    else:
        groups = _of_one_series(candidates)
        groups += _of_several_series(_without(groups, candidates))
    return [_localizer(*group) for group in groups], _without(groups, every)


def _without(groups: Sequence[_Group], stacks: Sequence[Stack]) -> list[Stack]:
    grouped = {id(stack) for members, _ in groups for stack in members}
    return [stack for stack in stacks if id(stack) not in grouped]


def orientation_of(stack: Stack) -> str:
    """The orientation that the slices are nearest to: sagittal, coronal or axial."""
    normal = np.abs(np.cross(stack.frame.row_dir, stack.frame.col_dir))
    return _ORIENTATIONS[int(np.argmax(normal))]


def _may_belong(stack: Stack) -> bool:
    return (
        stack.code in _USABLE
        and len(stack.planes) <= MAX_SLICES
        and stack.slice_spacing_mm >= LEAST_SPACING_MM
    )


def _of_one_frame(stacks: Sequence[Stack]) -> list[_Group]:
    by_frame: dict[tuple[str, str], list[Stack]] = {}
    for stack in stacks:
        header = stack.header
        if header.frame_of_reference_uid:
            by_frame.setdefault((header.study_uid, header.frame_of_reference_uid), []).append(stack)
    reason = "all 2D stacks of one frame of reference, as asked"
    return [(members, reason) for members in by_frame.values() if _is_scout(members)]


def _of_one_series(stacks: Sequence[Stack]) -> list[_Group]:
    by_series: dict[tuple[str, str, str], list[Stack]] = {}
    for stack in stacks:
        header = stack.header
        key = (header.study_uid, header.series_uid, header.frame_of_reference_uid)
        by_series.setdefault(key, []).append(stack)
    reason = "one series of several orientations"
    return [(members, reason) for members in by_series.values() if _is_scout(members)]


def _of_several_series(stacks: Sequence[Stack]) -> list[_Group]:
    """Scouts with a series for each orientation, whose numbers follow each other."""
    by_frame: dict[tuple[str, str], list[Stack]] = {}
    for stack in stacks:
        header = stack.header
        if header.frame_of_reference_uid and len(stack.planes) <= MAX_SLICES_APART:
            by_frame.setdefault((header.study_uid, header.frame_of_reference_uid), []).append(stack)
    reason = "series of one frame of reference, acquired alike, in a row"
    return [
        (run, reason)
        for members in by_frame.values()
        for run in _runs(sorted(members, key=lambda one: (_number(one), one.key)))
        if _is_scout(run)
    ]


def _runs(stacks: Sequence[Stack]) -> list[list[Stack]]:
    """Neighbours that were acquired alike, each orientation once."""
    runs: list[list[Stack]] = []
    for stack in stacks:
        last = runs[-1] if runs else []
        fits = (
            last
            and _number(stack) - _number(last[-1]) <= 1
            and _alike(stack, last[0])
            and orientation_of(stack) not in {orientation_of(one) for one in last}
        )
        if fits:
            last.append(stack)
        else:
            runs.append([stack])
    return runs


def _number(stack: Stack) -> int:
    return stack.header.series_number or 0


def _alike(first: Stack, second: Stack) -> bool:
    """Whether two stacks are of one sequence, as far as their headers show."""
    pairs = (
        (first.frame.echo_time_ms, second.frame.echo_time_ms),
        (first.frame.repetition_time_ms, second.frame.repetition_time_ms),
        (first.frame.thickness_mm, second.frame.thickness_mm),
    )
    return all(a is None or b is None or abs(a - b) <= 0.1 * max(abs(a), abs(b)) for a, b in pairs)


def _is_scout(stacks: Sequence[Stack]) -> bool:
    """Whether stacks show two orientations, one of them sagittal."""
    orientations = {orientation_of(stack) for stack in stacks}
    return len(orientations) >= 2 and "sagittal" in orientations


def _localizer(stacks: Sequence[Stack], reason: str) -> Localizer:
    order = sorted(
        (run for stack in stacks for run in even_runs(stack)),
        key=lambda one: (_ORIENTATIONS.index(orientation_of(one)), -len(one.planes), one.key),
    )
    return Localizer(tuple(order), reason)
