"""The images of a dataset as cases of a run, each under the name of its file."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from callosal.pipelines.bids.dataset import BidsImage
from callosal.pipelines.dicom.tree import FileEntry, Skipped
from callosal.pipelines.outputs.case_folder import read_done
from callosal.pipelines.reading.cases import CaseIndex, index_files


def index_images(images: Sequence[BidsImage]) -> CaseIndex:
    """The images as cases; those that cannot be read are skipped, each with its reason."""
    cases, skipped = [], []
    for image in images:
        found = index_files([_entry(image)])
        cases += [replace(case, name=image.stem) for case in found.cases]
        skipped += [replace(skip, name=image.stem) for skip in found.skipped]
    return CaseIndex(tuple(cases), tuple(skipped))


def change_since(image: BidsImage, case_folder: Path) -> str | None:
    """Why an image is not the file that its case was made of.

    Args:
        image: The image.
        case_folder: Folder of its case.

    Returns:
        `image_replaced`, `not_measured` for a case that is not finished, or why the image cannot
        be read; None if it is that file.
    """
    done, found = read_done(case_folder), index_images([image])
    if done is None:
        return "not_measured"
    if not found.cases:
        return found.skipped[0].code
    return None if found.cases[0].fingerprint == done.fingerprint.input else "image_replaced"


def _entry(image: BidsImage) -> FileEntry | Skipped:
    try:
        info = image.path.stat()
    except OSError as error:
        # A link of git-annex or DataLad whose file was never fetched leads nowhere.
        reason = "its content is not here; fetch it" if image.path.is_symlink() else error.strerror
        return Skipped(image.name, "unreadable", f"cannot be read ({reason})")
    return FileEntry(str(image.path), image.name, info.st_size, info.st_mtime_ns)
