"""The files of all inputs, each told as MR image header, NIfTI file or reason to skip it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from callosal.pipelines.dicom.headers import Header, read_header
from callosal.pipelines.dicom.tree import FileEntry, Skipped, printable, walk_files
from callosal.pipelines.reading.skips import NOT_IMAGES

_NIFTI_SUFFIXES = (".nii", ".nii.gz")
_LABEL_MARKS = ("_mask.", "_dseg.", "_probseg.", "_label-")


def scan_inputs(inputs: Sequence[Path]) -> Iterator[Header | FileEntry | Skipped]:
    """What each file among the inputs is; one at a time, in a fixed order.

    Args:
        inputs: Folders and files; a file that lies in several of them is told once.

    Yields:
        A header for an MR image, the entry itself for a NIfTI file, else the reason. An input
        that does not exist or holds no image gives a reason of its own: `no_such_input`,
        `empty_input` or `no_images`.
    """
    seen: set[str] = set()
    for root in inputs:
        prefix = f"{printable(root.resolve().name)}/" if len(inputs) > 1 and root.is_dir() else ""
        yield from _scan_input(root, prefix, seen)


def _scan_input(root: Path, prefix: str, seen: set[str]) -> Iterator[Header | FileEntry | Skipped]:
    name = printable(root.name) or "input"
    if not root.exists():
        yield Skipped(name, "no_such_input", "there is no such file or folder; check the path")
        return
    n_files = n_images = n_seen = 0
    for entry in walk_files(root):
        if isinstance(entry, FileEntry):
            if entry.path in seen:
                n_seen += 1
                continue
            seen.add(entry.path)
        n_files += 1
        found = identify(replace(entry, name=prefix + entry.name), is_named=root.is_file())
        n_images += not (isinstance(found, Skipped) and found.code in NOT_IMAGES)
        yield found
    if not n_files:
        why = "holds no file that another input does not" if n_seen else "holds no file"
        yield Skipped(name, "empty_input", f"the folder {why}; check the path")
    elif not n_images:
        why = f"holds {n_files} files, but none is DICOM or NIfTI"
        if root.is_file():
            why = "is neither DICOM nor NIfTI"
        yield Skipped(name, "no_images", f"{why}; check the path")


def identify(entry: FileEntry | Skipped, is_named: bool = False) -> Header | FileEntry | Skipped:
    """What a file is: a header for an MR image, the entry itself for a NIfTI file, else a reason.

    Args:
        entry: A file of a walk.
        is_named: Whether the user named this very file; label images are only read then.
    """
    if isinstance(entry, Skipped):
        return entry
    file_name = PurePosixPath(entry.name).name.lower()
    if not file_name.endswith(_NIFTI_SUFFIXES):
        return read_header(entry)
    if not is_named and any(mark in file_name for mark in _LABEL_MARKS):
        return Skipped(entry.name, "label_image", "named as a mask or label, not an image")
    return entry
