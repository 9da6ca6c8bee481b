"""Which stacks among the inputs are stations of one exam, and why the others are not."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from highdicom import Volume, VolumeGeometry

from callosal.pipelines.dicom.facts import fingerprint_stack
from callosal.pipelines.dicom.headers import Header
from callosal.pipelines.dicom.pixels import read_volume
from callosal.pipelines.dicom.stacks import Stack, find_stacks
from callosal.pipelines.dicom.tree import FileEntry, Skipped
from callosal.pipelines.reading.input_files import scan_inputs
from callosal.pipelines.reading.place import Place
from callosal.pipelines.reading.skips import Skip, SkipCounter
from callosal.pipelines.stitching.common_grid import (
    AXIAL,
    MAX_TILT_DEG,
    plane_of,
    reach_mm,
    tilt_deg,
    upright_geometry,
)

ECHO_RATIO = 1.5
REPETITION_RATIO = 2.0
INVERSION_RATIO = 1.3
"""Times of two stations of one contrast differ by no larger factor: what a scanner changes for
another number of slices is less, what parts T1 from T2 is more."""

REPEAT_SHARE = 0.9
"""Stacks that share so much of their height show one station twice."""

_DIXON = {
    "W": "water", "WATER": "water", "F": "fat", "FAT": "fat", "IP": "in phase",
    "IN_PHASE": "in phase", "OP": "out of phase", "OUT_PHASE": "out of phase",
    "OPP_PHASE": "out of phase",
}  # fmt: skip
_JOINED = frozenset({"COMPOSED", "COMP", "PASTED", "STITCHED", "MOSAIC_COMPOSED"})
_HEAD = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class Exam:
    """Stations to join, not yet read.

    Attributes:
        stacks: Two or more, from the head down.
        plane: sagittal or coronal.
    """

    stacks: tuple[Stack, ...]
    plane: str

    @property
    def uid_key(self) -> str:
        """Secret identity, stable over runs: hash it with a salt before it is shown."""
        return "stitch/" + "/".join(stack.key for stack in self.stacks)

    @property
    def fingerprint(self) -> str:
        """Changes when a file of the exam does."""
        return "/".join(fingerprint_stack(stack) for stack in self.stacks)

    @property
    def label(self) -> str:
        """What to call it on the console; holds no tag of the patient."""
        numbers = ", ".join(str(stack.header.series_number) for stack in self.stacks)
        folder = str(PurePosixPath(self.stacks[0].header.file.name).parent)
        return f"{folder}: {self.plane} series {numbers}"

    def load(self) -> list[Volume]:
        """Read the voxels of all stations.

        Raises:
            InputError: Where they cannot be decoded, with its code.
        """
        return [read_volume(stack) for stack in self.stacks]


@dataclass(frozen=True)
class ExamIndex:
    """All that was found among the inputs.

    Attributes:
        exams: Stations that belong together.
        skipped: Everything else, with why.
    """

    exams: tuple[Exam, ...]
    skipped: tuple[Skip, ...]


def find_exams(inputs: Sequence[Path | str]) -> ExamIndex:
    """Look through folders for stations that belong together.

    Args:
        inputs: Folders of DICOM files of any nesting.

    Raises:
        InputError: Where no input holds any image: `no_such_input`, `empty_input` or
            `no_images`.
    """
    headers: list[Header] = []
    files = SkipCounter.empty()
    for item in scan_inputs(list(map(Path, inputs))):
        if isinstance(item, Header):
            headers.append(item)
        elif isinstance(item, FileEntry):
            message = "a NIfTI file names no exam and no contrast; give the DICOM files"
            files.add(Skipped(item.name, "no_dicom_series", message))
        else:
            files.add(item)
    if not headers:
        files.check_any_image()
    exams, skipped = group_stacks(find_stacks(headers, check_view=any_view))
    others = files.skips(header.series_uid for header in headers)
    return ExamIndex(exams, (*skipped, *others))


def group_stacks(stacks: Iterable[Stack]) -> tuple[tuple[Exam, ...], tuple[Skip, ...]]:
    """Bring stacks together that are stations of one exam."""
    groups: list[list[Stack]] = []
    skipped: list[Skip] = []
    candidates: list[Stack] = []
    for stack in stacks:
        problem = _unfit(stack)
        if problem is not None:
            skipped.append(_skip(stack, *problem))
            continue
        candidates.append(stack)
        home = next((g for g in groups if all(_parting(s, stack) is None for s in g)), None)
        if home is None:
            groups.append([stack])
        else:
            home.append(stack)
    exams = []
    for group in groups:
        single, repeats = _without_repeats(group)
        skipped += repeats
        if len(single) < 2:
            others = [stack for stack in candidates if stack not in group]
            skipped += [_skip(stack, *_alone(stack, others)) for stack in single]
        else:
            exams.append(Exam(tuple(single), plane_of(single[0].geometry)))
    return tuple(exams), tuple(skipped)


def any_view(geometry: VolumeGeometry) -> None:
    """Stations of a spine need not show a head from the side."""


def _unfit(stack: Stack) -> tuple[str, str] | None:
    if not stack.is_kept:
        return stack.code, stack.reason
    if not stack.header.frame_of_reference_uid:
        return "no_frame_of_reference", "names no frame of reference, so its place is unknown"
    if _JOINED & {*stack.frame.image_type}:
        return "already_joined", "the scanner has joined it from stations already"
    if plane_of(stack.geometry) == AXIAL:
        return "not_along_table", "axial slices: only sagittal and coronal stations are joined"
    return None


def _parting(first: Stack, second: Stack) -> tuple[int, str, str] | None:
    """What keeps two stacks from being of one exam: its rank, code and reason; None where nothing.

    The higher the rank, the more they have in common.
    """
    one, two = first.header, second.header
    named = [(a, b) for a, b in zip(one.person, two.person, strict=True) if a and b]
    if any(a != b for a, b in named):
        return 0, "other_patient", "of another patient"
    if one.study_uid != two.study_uid:
        return 1, "other_study", "of another study"
    if one.frame_of_reference_uid != two.frame_of_reference_uid:
        return 2, "other_frame_of_reference", "in another frame of reference: the patient was moved"
    planes = plane_of(first.geometry), plane_of(second.geometry)
    angle = tilt_deg(upright_geometry(first.geometry), upright_geometry(second.geometry))
    if planes[0] != planes[1] or angle > MAX_TILT_DEG:
        return 3, "other_orientation", f"of another orientation ({planes[0]} and {planes[1]})"
    contrast = _contrast_parting(first, second)
    return None if contrast is None else (4, "other_contrast", f"of another contrast ({contrast})")


def _contrast_parting(first: Stack, second: Stack) -> str | None:
    a, b = first.frame, second.frame
    if (a.inversion_time_ms or 0) * (b.inversion_time_ms or 0) == 0 and (
        a.inversion_time_ms or b.inversion_time_ms
    ):
        return "one is an inversion recovery"
    for name, one, two, ratio in (
        ("echo time", a.echo_time_ms, b.echo_time_ms, ECHO_RATIO),
        ("repetition time", a.repetition_time_ms, b.repetition_time_ms, REPETITION_RATIO),
        ("inversion time", a.inversion_time_ms, b.inversion_time_ms, INVERSION_RATIO),
    ):
        if one and two and abs(math.log(abs(one / two))) > math.log(ratio):
            return f"{name} {one:g} and {two:g} ms"
    kinds = [{_DIXON[word] for word in frame.image_type if word in _DIXON} for frame in (a, b)]
    if kinds[0] != kinds[1]:
        told = [", ".join(sorted(kind)) or "neither water nor fat" for kind in kinds]
        return f"{told[0]} and {told[1]}"
    return None


def _without_repeats(group: Sequence[Stack]) -> tuple[list[Stack], list[Skip]]:
    """Stations from the head down; of one that was scanned twice, the later."""
    latest = sorted(group, key=lambda stack: -(stack.header.series_number or 0))
    kept: list[Stack] = []
    skips = []
    for stack in latest:
        twin = next((other for other in kept if _is_repeat(stack, other)), None)
        if twin is None:
            kept.append(stack)
        else:
            reason = f"series {twin.header.series_number} shows the same place; the later is used"
            skips.append(_skip(stack, "repeated_station", reason))
    return sorted(kept, key=lambda stack: -sum(reach_mm(stack.geometry, _HEAD))), skips


def _is_repeat(first: Stack, second: Stack) -> bool:
    (a, b), (c, d) = reach_mm(first.geometry, _HEAD), reach_mm(second.geometry, _HEAD)
    return min(b, d) - max(a, c) > REPEAT_SHARE * min(b - a, d - c)


def _alone(stack: Stack, others: Sequence[Stack]) -> tuple[str, str]:
    """Why a stack found no other station: what parts it from the one that is most like it."""
    parted = [parting for other in others if (parting := _parting(other, stack)) is not None]
    if not parted:
        return "alone", "no other station was found to join it to"
    _, code, reason = max(parted, key=lambda parting: parting[0])
    return code, f"no station to join it to: the nearest kin is {reason}"


def _skip(stack: Stack, code: str, reason: str) -> Skip:
    number = stack.header.series_number
    folder = str(PurePosixPath(stack.header.file.name).parent)
    label = f"{folder}: series {number if number is not None else 'without number'}"
    return Skip(label, code, reason, stack.n_files, stack.key, {}, Place.of(stack))
