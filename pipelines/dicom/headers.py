"""Headers of MR images: what is needed to sort and decode them, read without their pixels."""

import errno
import hashlib
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from sys import intern
from typing import BinaryIO

from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag

from callosal.models.errors import InputError
from callosal.pipelines.dicom.attributes import Attributes, tag_of
from callosal.pipelines.dicom.frames import FRAME_TAGS, Frame, read_frames
from callosal.pipelines.dicom.pixel_layout import LAYOUT_TAGS, PixelLayout, read_pixel_layout
from callosal.pipelines.dicom.single_tags import read_tags
from callosal.pipelines.dicom.syntax import read_syntax
from callosal.pipelines.dicom.tree import FileEntry, Skipped, walk_files

MR_IMAGE_CLASSES = frozenset({
    "1.2.840.10008.5.1.4.1.1.4",  # MR Image Storage
    "1.2.840.10008.5.1.4.1.1.4.1",  # Enhanced MR Image Storage
    "1.2.840.10008.5.1.4.1.1.4.4",  # Legacy Converted Enhanced MR Image Storage
})  # fmt: skip
_NON_IMAGE_MODALITIES = frozenset({"SR", "PR", "KO", "DOC", "RTSTRUCT", "RTPLAN", "RTRECORD",
                                   "RTDOSE", "SEG", "REG", "FID", "RWV", "ECG", "AU", "PLAN",
                                   "OT"})  # fmt: skip

_SOP_CLASS = tag_of("SOPClassUID")
_SOP_INSTANCE = tag_of("SOPInstanceUID")
_STUDY = tag_of("StudyInstanceUID")
_SERIES = tag_of("SeriesInstanceUID")
_MODALITY = tag_of("Modality")
_IMAGE_TYPE = tag_of("ImageType")
_SERIES_NUMBER = tag_of("SeriesNumber")
_N_FRAMES = tag_of("NumberOfFrames")
_FRAME_OF_REFERENCE = tag_of("FrameOfReferenceUID")
_PATIENT_POSITION = tag_of("PatientPosition")
_FIELD_STRENGTH = tag_of("MagneticFieldStrength")
_PERSON = tuple(map(tag_of, ("PatientID", "PatientName", "PatientBirthDate", "IssuerOfPatientID")))
_SEX = tag_of("PatientSex")
_MOMENTS = tuple(
    (tag_of(f"{kind}Date"), tag_of(f"{kind}Time")) for kind in ("Series", "Acquisition")
)
HEADER_TAGS: list[BaseTag | int] = [
    BaseTag(tag)
    for tag in (_SOP_CLASS, _SOP_INSTANCE, _STUDY, _SERIES, _MODALITY, _SERIES_NUMBER,
                _FRAME_OF_REFERENCE, _PATIENT_POSITION, _FIELD_STRENGTH, *_PERSON, _SEX,
                *(tag for moment in _MOMENTS for tag in moment), *FRAME_TAGS, *LAYOUT_TAGS)
]  # fmt: skip
"""Everything of a file that is read to sort it, pixels apart."""

_FIRST_PIXEL_TAG = 0x7FE00008


@dataclass(frozen=True, slots=True)
class Header:
    """One MR image file, classic (one frame) or enhanced (many).

    Attributes:
        file: The file it was read from.
        sop_instance_uid: Identity of the image.
        study_uid: Identity of the study.
        series_uid: Identity of the series.
        series_number: Number of the series in its study, None where absent.
        frame_of_reference_uid: Patient coordinate system, "" where absent.
        patient_position: Such as HFS, "" where absent.
        field_strength_t: Magnetic field in tesla, None where absent.
        layout: How the pixels are stored.
        frames: The image planes of the file, one at least.
        person: Hashes of PatientID, PatientName, PatientBirthDate, IssuerOfPatientID and
            PatientSex, "" where absent: enough to distinguish two persons, and never shown.
        moments: Date and time of the series and of the acquisition, "" where the time is absent;
            internal, never shown.
    """

    file: FileEntry
    sop_instance_uid: str
    study_uid: str
    series_uid: str
    series_number: int | None
    frame_of_reference_uid: str
    patient_position: str
    field_strength_t: float | None
    layout: PixelLayout
    frames: tuple[Frame, ...]
    person: tuple[str, ...] = ("", "", "", "", "")
    moments: tuple[str, ...] = ("", "")


def scan(root: Path) -> Iterator[Header | Skipped]:
    """Headers of all MR images below a folder; other files with the reason to skip them.

    Args:
        root: A folder of any nesting, or one file.

    Yields:
        A header or a reason a file, in a fixed order; one at a time, so memory is bounded by
        what the caller keeps.
    """
    for entry in walk_files(root):
        yield entry if isinstance(entry, Skipped) else read_header(entry)


def read_header(entry: FileEntry) -> Header | Skipped:
    """The header of a file, or why it gives none; a file of any content is safe to pass."""
    try:
        with Path(entry.path).open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom's warnings quote values
            return _read_open(file, entry)
    except InputError as error:
        return Skipped(entry.name, error.code, str(error))
    except OSError as error:
        if error.errno == errno.EINVAL:  # a lying length sent the file position out of range
            return Skipped(entry.name, "bad_header", "the header is broken; copy the file again")
        reason = error.strerror or "input/output error"
        message = f"cannot be read ({reason}); check its permissions"
        return Skipped(entry.name, "unreadable", message)
    except Exception as error:  # a broken file may raise anything inside the parser
        message = f"the header is broken ({type(error).__name__}); copy the file again"
        return Skipped(entry.name, "bad_header", message)


def _read_open(file: BinaryIO, entry: FileEntry) -> Header | Skipped:
    syntax = read_syntax(file)
    dataset = read_dataset(
        file,
        syntax.implicit_vr,
        syntax.little_endian,
        stop_when=_is_pixel_element,
        specific_tags=HEADER_TAGS,
    )
    attributes = Attributes.from_dataset(dataset)
    try:
        _check_kind(attributes)
        layout = read_pixel_layout(attributes, file, syntax, entry.size_bytes)
        return _build_header(entry, attributes, layout)
    except InputError as error:
        return Skipped(entry.name, error.code, str(error), attributes.text(_SERIES))


def _build_header(entry: FileEntry, attributes: Attributes, layout: PixelLayout) -> Header:
    series_uid = _required_text(attributes, _SERIES, "SeriesInstanceUID")
    return Header(
        file=entry,
        sop_instance_uid=_required_text(attributes, _SOP_INSTANCE, "SOPInstanceUID"),
        study_uid=intern(attributes.text(_STUDY)),
        series_uid=intern(series_uid),
        series_number=attributes.integer(_SERIES_NUMBER),
        frame_of_reference_uid=_valid_uid(attributes.text(_FRAME_OF_REFERENCE)),
        patient_position=intern(attributes.text(_PATIENT_POSITION)),
        field_strength_t=attributes.number(_FIELD_STRENGTH),
        layout=layout,
        frames=read_frames(attributes, layout.n_frames),
        person=(*(_hashed(attributes.text(tag)) for tag in _PERSON), _sex(attributes)),
        moments=tuple(_moment(attributes, day, time) for day, time in _MOMENTS),
    )


def patient_of(path: Path) -> str:
    """Hash of the PatientID of a DICOM object of any kind, as the first of `Header.person`."""
    return _hashed(str(read_tags(path, [_PERSON[0]]).get("PatientID", "")))


def _hashed(value: str) -> str:
    """A short hash of what identifies a person, whatever its letter case and separators."""
    plain = re.sub(r"[\s^=,]+", "", value).casefold()
    return intern(hashlib.sha256(plain.encode()).hexdigest()[:16]) if plain else ""


def _sex(attributes: Attributes) -> str:
    """F or M, hashed as the rest; anything else contradicts neither."""
    value = attributes.text(_SEX).upper()
    return _hashed(value) if value in ("F", "M") else ""


def _moment(attributes: Attributes, day: int, time: int) -> str:
    clock = attributes.text(time)
    return intern(f"{attributes.text(day)} {clock}") if clock.strip("0.:") else ""


def _is_pixel_element(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return int(tag) >= _FIRST_PIXEL_TAG


def _check_kind(attributes: Attributes) -> None:
    sop_class = attributes.text(_SOP_CLASS)
    modality = attributes.text(_MODALITY)
    if sop_class in MR_IMAGE_CLASSES:
        _check_not_mosaic(attributes)
        return
    if not sop_class:
        raise InputError("has no SOPClassUID, so its kind is unknown", "missing_tags")
    if modality in ("", "MR", *_NON_IMAGE_MODALITIES):
        raise InputError("a DICOM object that is not an MR image", "not_mr_image")
    raise InputError("an image of another modality than MR", "not_mr")


def _check_not_mosaic(attributes: Attributes) -> None:
    if "MOSAIC" in attributes.texts(_IMAGE_TYPE) and attributes.number(_N_FRAMES) is None:
        raise InputError("a mosaic of many slices in one image, as of functional MR", "mosaic")


def _required_text(attributes: Attributes, tag: int, keyword: str) -> str:
    value = attributes.text(tag)
    if not value:
        raise InputError(f"has no {keyword}", "missing_tags")
    return value


def _valid_uid(value: str) -> str:
    """A UID as the standard has it, "" for anything else: libraries warn, quoting the value."""
    return intern(value) if re.fullmatch(r"[0-9.]{1,64}", value) else ""
