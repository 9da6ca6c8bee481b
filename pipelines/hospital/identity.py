"""Whose images they are: the patient and study elements that an object of the study must carry.

Only the listed elements are taken, as text in UTF-8; a date, time or sex that does not keep the
standard, and a text that is too long for it, is left empty, for libraries and archives refuse it.
"""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag
from pydicom.valuerep import DA, TM

from callosal.pipelines.dicom.headers import Header
from callosal.pipelines.dicom.syntax import read_syntax

PATIENT_AND_STUDY = (
    "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex",
    "StudyDate", "StudyTime", "AccessionNumber", "StudyID", "StudyDescription",
    "ReferringPhysicianName",
)  # fmt: skip
EQUIPMENT = ("Manufacturer", "ManufacturerModelName")
_MOMENTS = (
    ("ContentDate", "ContentTime"),
    ("AcquisitionDate", "AcquisitionTime"),
    ("SeriesDate", "SeriesTime"),
    ("StudyDate", "StudyTime"),
)
UNKNOWN_MOMENT = ("19000101", "000000")
_LONGEST_TEXT = 1024
_LONGEST = {
    **dict.fromkeys(("PatientID", "IssuerOfPatientID", "StudyDescription", *EQUIPMENT), 64),
    **dict.fromkeys(("PatientName", "ReferringPhysicianName"), 3 * 64 + 2),
    **dict.fromkeys(("AccessionNumber", "StudyID"), 16),
}
"""Characters that the standard gives them; longer ones make an object that archives refuse."""
_READ = (
    "SOPClassUID", *PATIENT_AND_STUDY, *EQUIPMENT, *(word for moment in _MOMENTS for word in moment)
)  # fmt: skip


@dataclass(frozen=True)
class Identity:
    """Patient, study and moment of a series.

    Attributes:
        sop_class_uid: Class of its images.
        elements: Values by keyword, "" where absent.
        moment: Date and time of the content: the first pair that the images have of content,
            acquisition, series and study; a fixed one where they have none. An object of the
            same images has it too, so that a re-run is byte for byte the same.
    """

    sop_class_uid: str
    elements: Mapping[str, str]
    moment: tuple[str, str]


def read_identity(header: Header) -> Identity:
    """Read the elements of one image of a series.

    Raises:
        OSError: The file is gone or cannot be read.
    """
    with Path(header.file.path).open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's warnings quote values
        syntax = read_syntax(file)
        tags: list[BaseTag | int] = [BaseTag(tag_for_keyword(word) or 0) for word in _READ]
        image = read_dataset(
            file, syntax.implicit_vr, syntax.little_endian, stop_when=_is_pixel, specific_tags=tags
        )
        values = {word: _text(image, word) for word in _READ}
    kept = (*PATIENT_AND_STUDY, *EQUIPMENT)
    elements = {word: values[word] if _is_valid(word, values[word]) else "" for word in kept}
    return Identity(values["SOPClassUID"], elements, _moment(values))


def _is_pixel(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return int(tag) >= 0x7FE00008


def _text(image: Dataset, keyword: str) -> str:
    """The first value as text of one line."""
    try:
        value = image.get(keyword)
    except Exception:  # a value that its VR cannot hold raises anything
        return ""
    if isinstance(value, MultiValue):
        value = next(iter(value), "")
    text = "" if value is None else str(value)
    return "".join(letter for letter in text[:_LONGEST_TEXT] if letter.isprintable()).strip()


def _is_valid(keyword: str, value: str) -> bool:
    """Whether a date, time or sex is one, and any other text no longer than its kind may be."""
    if len(value) > _LONGEST.get(keyword, _LONGEST_TEXT):
        return False
    if keyword == "PatientSex":
        return value in ("M", "F", "O", "")
    form = {"Date": (r"\d{8}", DA), "Time": (r"\d{2,6}(\.\d{1,6})?", TM)}.get(keyword[-4:])
    if form is None:
        return True
    pattern, parse = form
    try:
        return re.fullmatch(pattern, value) is not None and parse(value) is not None
    except ValueError:
        return False


def _moment(values: Mapping[str, str]) -> tuple[str, str]:
    for day, time in _MOMENTS:
        if _is_valid(day, values[day]):
            return values[day], values[time] if _is_valid(time, values[time]) else UNKNOWN_MOMENT[1]
    return UNKNOWN_MOMENT
