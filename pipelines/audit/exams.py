"""Exams: all stacks of one study and frame of reference, and the cases that can be planned on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from highdicom import VolumeGeometry

from callosal.pipelines.dicom.headers import Header
from callosal.pipelines.dicom.localizers import Localizer, find_localizers
from callosal.pipelines.dicom.stacks import Stack, find_stacks
from callosal.pipelines.dicom.tree import Skipped
from callosal.pipelines.reading.cases import Case, cases_of_headers
from callosal.pipelines.reading.input_files import scan_inputs
from callosal.pipelines.reading.skips import NOT_MEANT, SkipCounter

Role = Literal["scout", "series", "derived"]
"""A stack of a scout, an acquired series, or slices that were computed from another series."""


@dataclass(frozen=True)
class ExamStack:
    """A stack of an exam.

    Attributes:
        stack: Its slices; `code` says why it cannot be compared.
        role: What it is for.
        case: The case that it is, or is part of; None if no plan can be made on it.
    """

    stack: Stack
    role: Role
    case: Case | None


@dataclass(frozen=True)
class Exam:
    """Stacks that lie in one frame of reference.

    Attributes:
        uid_key: Secret identity, stable over runs: hash it with a salt before it is shown.
        stacks: In the order of their series numbers.
    """

    uid_key: str
    stacks: tuple[ExamStack, ...]

    @property
    def cases(self) -> tuple[Case, ...]:
        """What a plan can be made on, each once."""
        found = {one.case.uid_key: one.case for one in self.stacks if one.case is not None}
        return tuple(found.values())


@dataclass(frozen=True)
class ExamIndex:
    """The exams among the inputs.

    Attributes:
        exams: In a fixed order.
        n_faults: Kinds of broken files in each series, which are part of none.
    """

    exams: tuple[Exam, ...]
    n_faults: int


def find_exams(inputs: Sequence[Path]) -> ExamIndex:
    """The exams among folders of DICOM files, by their headers alone.

    NIfTI files name no frame of reference and are part of none.

    Args:
        inputs: Folders and files; what is broken among them is left out.
    """
    headers: list[Header] = []
    others = SkipCounter.empty()
    for item in scan_inputs(inputs):
        if isinstance(item, Header):
            headers.append(item)
        elif isinstance(item, Skipped):
            others.add(item)
    n_faults = sum(skip.is_fault for skip in others.skips(()))
    return ExamIndex(group_exams(headers), n_faults)


def group_exams(headers: Sequence[Header]) -> tuple[Exam, ...]:
    """The exams among MR images.

    Args:
        headers: Headers of whole series.
    """
    by_exam: dict[str, list[ExamStack]] = {}
    for one in _exam_stacks(headers):
        header = one.stack.header
        frame = header.frame_of_reference_uid
        key = f"exam/{header.study_uid}/{frame or header.series_uid}"
        by_exam.setdefault(key, []).append(one)
    return tuple(Exam(key, tuple(stacks)) for key, stacks in sorted(by_exam.items()))


def _exam_stacks(headers: Sequence[Header]) -> list[ExamStack]:
    """Every stack that shows slices of the head, scouts cut into even runs."""
    case_of = {
        _image(plane.header.sop_instance_uid, plane.frame.index): case
        for case in cases_of_headers(headers)
        for stack in _stacks_of(case)
        for plane in stack.planes
    }
    localizers, others = find_localizers(find_stacks(headers, check_view=_any_view))
    scouts = [(stack, True) for localizer in localizers for stack in localizer.stacks]
    kept = [(stack, False) for stack in others if stack.code not in NOT_MEANT]
    return sorted(
        (
            ExamStack(stack, _role(stack, is_scout), _case(stack, case_of))
            for stack, is_scout in [*scouts, *kept]
        ),
        key=lambda one: (one.stack.header.series_number or 0, one.stack.key),
    )


def _stacks_of(case: Case) -> Iterable[Stack]:
    if isinstance(case.content, Localizer):
        return case.content.stacks
    return () if isinstance(case.content, Path) else (case.content,)


def _image(sop_instance_uid: str, frame: int) -> str:
    return f"{sop_instance_uid} {frame}"


def _case(stack: Stack, case_of: dict[str, Case]) -> Case | None:
    return case_of.get(_image(stack.header.sop_instance_uid, stack.frame.index))


def _role(stack: Stack, is_scout: bool) -> Role:
    if is_scout:
        return "scout"
    return "derived" if "DERIVED" in stack.frame.image_type else "series"


def _any_view(geometry: VolumeGeometry) -> None:
    """A stack of any orientation and field of view is compared."""
