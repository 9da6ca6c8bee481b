"""Localizers: the stacks of one scout, which belong to one case.

A scout shows the head in a few thick slices of two or three orientations. Scanners write them as
one series, as one series an orientation, and archives cut such series up. What belongs together
shares a frame of reference and was acquired alike.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from callosal.pipelines.dicom.headers import Header
from callosal.pipelines.dicom.stacks import Stack

MAX_SLICES: Final = 40
"""Most slices of one orientation in a scout."""

MAX_SLICES_APART: Final = 15
"""Most slices of one orientation where each orientation is a series of its own: a routine exam has
more."""

LEAST_SPACING_MM: Final = 3.0
"""Slices of a scout are farther apart than this."""

_USABLE: Final = frozenset({"", "no_sagittal_view", "field_of_view_too_small", "stray_slice"})
"""Codes of stacks that may be part of a scout: alone they are refused, together they are not."""

_ORIENTATIONS: Final = ("sagittal", "coronal", "axial")


@dataclass(frozen=True, slots=True)
class Localizer:
    """The stacks of one scout.

    Attributes:
        stacks: Two at least, of different orientations, one of them sagittal; sagittal ones first.
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


def find_localizers(stacks: Iterable[Stack]) -> tuple[list[Localizer], list[Stack]]:
    """Put the stacks of each scout together.

    Args:
        stacks: All stacks, kept or skipped.

    Returns:
        The localizers, and the stacks that are part of none.
    """
    every = list(stacks)
    candidates = [stack for stack in every if _may_belong(stack)]
    groups = _of_one_series(candidates)
    grouped = {id(stack) for group in groups for stack in group.stacks}
    groups += _of_several_series([one for one in candidates if id(one) not in grouped])
    grouped = {id(stack) for group in groups for stack in group.stacks}
    return groups, [stack for stack in every if id(stack) not in grouped]


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


def _of_one_series(stacks: Sequence[Stack]) -> list[Localizer]:
    by_series: dict[tuple[str, str, str], list[Stack]] = {}
    for stack in stacks:
        header = stack.header
        key = (header.study_uid, header.series_uid, header.frame_of_reference_uid)
        by_series.setdefault(key, []).append(stack)
    return [
        one
        for members in by_series.values()
        if (one := _localizer(members, "one series of several orientations")) is not None
    ]


def _of_several_series(stacks: Sequence[Stack]) -> list[Localizer]:
    """Scouts with a series for each orientation, whose numbers follow each other."""
    by_frame: dict[tuple[str, str], list[Stack]] = {}
    for stack in stacks:
        header = stack.header
        if header.frame_of_reference_uid and len(stack.planes) <= MAX_SLICES_APART:
            by_frame.setdefault((header.study_uid, header.frame_of_reference_uid), []).append(stack)
    found = []
    for members in by_frame.values():
        for run in _runs(sorted(members, key=lambda one: (_number(one), one.key))):
            one = _localizer(run, "series of one frame of reference, acquired alike, in a row")
            if one is not None:
                found.append(one)
    return found


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
    """Whether two stacks are of one sequence, as far as their headers tell."""
    pairs = (
        (first.frame.echo_time_ms, second.frame.echo_time_ms),
        (first.frame.repetition_time_ms, second.frame.repetition_time_ms),
        (first.frame.thickness_mm, second.frame.thickness_mm),
    )
    return all(a is None or b is None or abs(a - b) <= 0.1 * max(abs(a), abs(b)) for a, b in pairs)


def _localizer(stacks: Sequence[Stack], reason: str) -> Localizer | None:
    orientations = {orientation_of(stack) for stack in stacks}
    if len(orientations) < 2 or "sagittal" not in orientations:
        return None
    order = sorted(
        stacks,
        key=lambda one: (_ORIENTATIONS.index(orientation_of(one)), -len(one.planes), one.key),
    )
    return Localizer(tuple(order), reason)
