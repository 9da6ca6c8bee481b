"""Cases: every image among the inputs that can be planned on, and why the others cannot."""

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal

from callosal.models.errors import InputError
from callosal.pipelines.dicom.facts import (
    Fact,
    describe_localizer,
    describe_stack,
    fingerprint_stack,
)
from callosal.pipelines.dicom.headers import Header
from callosal.pipelines.dicom.localizers import Fuse, Localizer, find_localizers
from callosal.pipelines.dicom.pixels import read_volume
from callosal.pipelines.dicom.stacks import Stack, find_stacks
from callosal.pipelines.dicom.tree import FileEntry, Skipped
from callosal.pipelines.dicom.twins import without_twins
from callosal.pipelines.dicom.views import check_sagittal_view
from callosal.pipelines.midplane.localizer_volumes import Images, LocalizerVolumes
from callosal.pipelines.reading.file_patterns import EVERY_FILE, FilePatterns
from callosal.pipelines.reading.input_files import identify, scan_inputs
from callosal.pipelines.reading.nifti import read_nifti, read_nifti_grid
from callosal.pipelines.reading.nifti_facts import (
    count_slices,
    describe_nifti,
    hash_start,
    named_contrast,
)
from callosal.pipelines.reading.place import Place
from callosal.pipelines.reading.repeated_slices import without_repeats
from callosal.pipelines.reading.skips import Skip, SkipCounter


@dataclass(frozen=True, slots=True)
class Case:
    """One image to plan on, not yet read.

    Attributes:
        kind: Where it comes from.
        content: The stack, the stacks of a localizer, or the path of the NIfTI file.
        label: What to call it on the console; holds no tag of the patient.
        uid_key: Secret identity, stable over runs: hash it with a salt before it is shown.
        fingerprint: SHA-256 that changes when the input does (UIDs, sizes, times of change).
        patient_position: Such as HFS, "" where unknown.
        n_slices: Slices of the stack; of a NIfTI file, voxels along its coarsest axis.
        n_voxels: Voxels that loading it takes memory for.
        source: Facts for plan.json, none of which identifies the patient.
        name: Name of the case in folders and tables where the input has one that may be shown,
            as files of BIDS have; "" for a salted hash.
    """

    kind: Literal["dicom", "localizer", "nifti"]
    content: Stack | Localizer | Path
    label: str
    uid_key: str
    fingerprint: str
    patient_position: str
    n_slices: int
    n_voxels: int
    source: Mapping[str, Fact]
    name: str = ""

    @property
    def stack(self) -> Stack | None:
        """The stack that DICOM objects of this case refer to; None for NIfTI."""
        if isinstance(self.content, Localizer):
            return self.content.sagittal
        return None if isinstance(self.content, Path) else self.content

    def load(self) -> Images:
        """Read the voxels.

        Raises:
            InputError: Where they cannot be decoded, with its code.
        """
        if isinstance(self.content, Path):
            return without_repeats(read_nifti(self.content))
        if isinstance(self.content, Localizer):
            return LocalizerVolumes(tuple(map(read_volume, self.content.stacks)))
        volume = read_volume(self.content)
        return volume if self.content.missing else without_repeats(volume)


@dataclass(frozen=True, slots=True)
class CaseIndex:
    """All that was found among the inputs.

    Attributes:
        cases: What can be planned on, in a fixed order.
        skipped: Everything else: stacks, then NIfTI files, then other files by reason.
    """

    cases: tuple[Case, ...]
    skipped: tuple[Skip, ...]


def find_cases(
    inputs: Sequence[Path], fuse: Fuse = "scout", patterns: FilePatterns = EVERY_FILE
) -> CaseIndex:
    """Look through folders and files for images of which a sagittal view can be made.

    Series are put together over all inputs, so a series in two folders is one case.

    Args:
        inputs: Folders of any nesting, DICOM files and NIfTI files.
        fuse: Which stacks become one localizer (`find_localizers`).
        patterns: Which of their files are looked at.

    Returns:
        Cases and skips; broken files among them never raise.

    Raises:
        InputError: Where no input holds any image: `no_such_input`, `empty_input` or
            `no_images`.
    """
    gathered = _gather(scan_inputs(inputs, patterns))
    if not gathered.headers and not gathered.images:
        gathered.files.check_any_image()
    return _index(gathered, fuse)


def index_files(entries: Iterable[FileEntry | Skipped]) -> CaseIndex:
    """The same for files of a walk, such as those of one series; they may hold no image at all."""
    return _index(_gather(map(identify, entries)))


def cases_of_headers(headers: Sequence[Header]) -> tuple[Case, ...]:
    """The cases among MR images, as `find_cases` names them.

    Args:
        headers: Headers of whole series.
    """
    judged = _judge_stacks(headers, SkipCounter.empty(), "scout")
    return tuple(item for item in judged if isinstance(item, Case))


@dataclass(frozen=True, slots=True)
class _Gathered:
    headers: list[Header]
    images: list[FileEntry]
    files: SkipCounter


def _gather(found: Iterable[Header | FileEntry | Skipped]) -> _Gathered:
    gathered = _Gathered([], [], SkipCounter.empty())
    for item in found:
        if isinstance(item, Header):
            gathered.headers.append(item)
        elif isinstance(item, FileEntry):
            gathered.images.append(item)
        else:
            gathered.files.add(item)
    return gathered


def _index(gathered: _Gathered, fuse: Fuse = "scout") -> CaseIndex:
    headers, files = gathered.headers, gathered.files
    judged = [*_judge_stacks(headers, files, fuse), *map(_judge_nifti, gathered.images)]
    return CaseIndex(
        cases=tuple(item for item in judged if isinstance(item, Case)),
        skipped=(
            *(item for item in judged if isinstance(item, Skip)),
            *files.skips(header.series_uid for header in headers),
        ),
    )


def _judge_stacks(
    headers: Sequence[Header], files: SkipCounter, fuse: Fuse
) -> Iterator[Case | Skip]:
    localizers, others = find_localizers(without_twins(find_stacks(headers)), fuse)
    yield from map(_localizer_case, localizers)
    for stack in others:
        notes = (*stack.notes, *_notes_of_lost(stack, files))
        yield _judge_stack(replace(stack, notes=notes))


def _notes_of_lost(stack: Stack, files: SkipCounter) -> Iterator[str]:
    """Files that may be slices of a stack: of its series, or beside it and of unknown series."""
    for code, count in files.count_faults(stack.header.series_uid):
        yield f"{count} files of the series refused: {code}"
    folder = str(PurePosixPath(stack.header.file.name).parent)
    for code, count in files.count_faults(folder):
        yield f"{count} files beside the series refused: {code}"


def _judge_stack(stack: Stack) -> Case | Skip:
    source = describe_stack(stack)
    label = _stack_label(stack)
    if not stack.is_kept:
        place = Place.of(stack)
        return Skip(label, stack.code, stack.reason, stack.n_files, stack.key, source, place)
    return Case(
        kind="dicom",
        content=stack,
        label=label,
        uid_key=stack.key,
        fingerprint=fingerprint_stack(stack),
        patient_position=stack.header.patient_position,
        n_slices=len(stack.planes),
        n_voxels=math.prod(stack.geometry.spatial_shape),
        source=source,
    )


def _localizer_case(localizer: Localizer) -> Case:
    stacks = localizer.stacks
    prints = sorted(fingerprint_stack(stack) for stack in stacks)
    return Case(
        kind="localizer",
        content=localizer,
        label=f"{_stack_label(localizer.sagittal)}, localizer of {localizer.summary}",
        uid_key=localizer.key,
        fingerprint=hashlib.sha256("\n".join(prints).encode()).hexdigest(),
        patient_position=localizer.header.patient_position,
        n_slices=sum(len(stack.planes) for stack in stacks),
        n_voxels=sum(math.prod(stack.geometry.spatial_shape) for stack in stacks),
        source=describe_localizer(localizer),
    )


def _stack_label(stack: Stack) -> str:
    folder = str(PurePosixPath(stack.header.file.name).parent)
    number = stack.header.series_number
    series = "series without number" if number is None else f"series {number}"
    return series if folder == "." else f"{folder}: {series}"


def _judge_nifti(entry: FileEntry) -> Case | Skip:
    path = Path(entry.path)
    try:
        digest = hash_start(path, entry)
        grid = read_nifti_grid(path)
        check_sagittal_view(grid.geometry)
    except InputError as error:
        key = f"nifti/{entry.name}"
        return Skip(entry.name, error.code, str(error), 1, key, {}, Place.of(path))
    return Case(
        kind="nifti",
        content=path,
        label=entry.name,
        uid_key=f"nifti/{entry.name}/{digest}",
        fingerprint=hashlib.sha256(f"{digest} {entry.mtime_ns}".encode()).hexdigest(),
        patient_position="",
        n_slices=count_slices(grid.geometry),
        n_voxels=math.prod(grid.geometry.spatial_shape),
        source={**describe_nifti(grid), "contrast": named_contrast(path.name)},
    )
