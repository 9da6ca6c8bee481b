"""Series judged by what an archive answers about them, before any pixel is sent.

The answer of an archive on an image is written as a file whose pixels are a hole of the right
length, so that `list-series` and `fetch` judge by one and the same code.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from callosal.models.errors import InputError
from callosal.pipelines.dicom.headers import MR_IMAGE_CLASSES
from callosal.pipelines.dicom.localizers import Localizer
from callosal.pipelines.dicom.stacks import Stack
from callosal.pipelines.reading.cases import Case, find_cases
from callosal.pipelines.reading.skips import Skip

_NEEDED = ("SOPClassUID", "SOPInstanceUID", "Rows", "Columns", "PixelSpacing",
           "ImageOrientationPatient", "ImagePositionPatient")  # fmt: skip
_OFTEN_LACKING = {
    "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2", "BitsAllocated": 16,
    "BitsStored": 16, "HighBit": 15, "PixelRepresentation": 0,
}  # fmt: skip
"""How nearly all MR images are stored; what comes is read by its own header."""

_PIXEL_DATA = b"\xe0\x7f\x10\x00OW\0\0"
_LARGEST_BYTES = 1 << 31


def kept_series(
    study: Mapping[str, Sequence[Dataset]], folder: Path
) -> tuple[frozenset[str], tuple[Skip, ...]]:
    """Which series of a study `list-series` would keep.

    Args:
        study: Headers of the images of each series by its UID.
        folder: Where to write; empty or absent.

    Returns:
        UIDs of the series that are kept, and why others are not. A series is kept
        if the archive answered too little to judge it.
    """
    unjudged = {uid for uid, images in study.items() if not all(map(_is_complete, images))}
    number = 0
    for uid, images in study.items():
        for image in [] if uid in unjudged else images:
            number += 1
            _write(image, folder / f"{number:06d}.dcm")
    if not number:
        return frozenset(unjudged), ()
    try:
        index = find_cases([folder])
    except InputError as error:
        if error.code != "no_images":
            raise
        return frozenset(unjudged), ()
    named = {uid for case in index.cases for uid in _series_of(case)}
    return frozenset(named | unjudged), index.skipped


def _is_complete(image: Dataset) -> bool:
    """Whether a header is enough to judge by."""
    kind = str(image.get("SOPClassUID", ""))
    if kind and kind not in MR_IMAGE_CLASSES:
        return True  # no image that is planned on, whatever else it is
    return all(image.get(keyword) not in (None, "", []) for keyword in _NEEDED) or bool(
        image.get("SharedFunctionalGroupsSequence")
    )


def _series_of(case: Case) -> list[str]:
    content = case.content
    if isinstance(content, Localizer):
        stacks: Sequence[Stack] = content.stacks
    elif isinstance(content, Stack):
        stacks = [content]
    else:
        return []
    return [plane.header.series_uid for stack in stacks for plane in stack.planes]


def _write(header: Dataset, path: Path) -> None:
    """A file of a header and a hole."""
    image = deepcopy(header)
    image.pop("PixelData", None)
    for keyword, value in _OFTEN_LACKING.items():
        if image.get(keyword) in (None, ""):
            setattr(image, keyword, value)
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save_as(path, enforce_file_format=True)
    n_pixels = int(image.get("Rows") or 0) * int(image.get("Columns") or 0)
    n_bytes = n_pixels * int(image.get("NumberOfFrames") or 1) * int(image.BitsAllocated) // 8
    n_bytes = min(n_bytes + n_bytes % 2, _LARGEST_BYTES)
    with path.open("ab") as file:
        file.write(_PIXEL_DATA + n_bytes.to_bytes(4, "little"))
        file.truncate(file.tell() + n_bytes)
