"""What the header of a stack says of its protocol, station and automatic alignment."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from callosal.pipelines.dicom.attributes import Attributes, tag_of
from callosal.pipelines.dicom.single_tags import read_tags
from callosal.pipelines.dicom.stacks import Stack

_MANUFACTURER = tag_of("Manufacturer")
_STATION = tag_of("StationName")
_PROTOCOL = tag_of("ProtocolName")
_DESCRIPTION = tag_of("SeriesDescription")
_DATES = (tag_of("AcquisitionDate"), tag_of("SeriesDate"), tag_of("StudyDate"))
_TOLD = (
    _PROTOCOL,
    _DESCRIPTION,
    *map(tag_of, ("ImageType", "ScanOptions", "SequenceName", "PulseSequenceName")),
    tag_of("ImageComments"),
)
_TAGS = (_MANUFACTURER, _STATION, *_DATES, *_TOLD)

ALIGNMENTS: Final = (
    ("SIEMENS", "AutoAlign", re.compile(r"AUTO[ _]?ALIGN|\bAA[ _]?H?(EAD)?[ _]?SCOUT")),
    ("GE", "AIRx", re.compile(r"\bAIR[ _]?X\b|AIRX(?![A-Z])")),
    ("GE", "READYBrain", re.compile(r"READY[ _]?BRAIN")),
    ("PHILIPS", "SmartExam", re.compile(r"SMART[ _]?(EXAM|BRAIN|PLAN|SURVEY)")),
)
"""Manufacturer, name of its automatic alignment, and how texts of the header name it.

No public tag says that a stack was placed by it. Its own scout is named in the public texts, and
so is a stack whose protocol says so; settings of the console lie in private tags, which change
with the software.
"""


@dataclass(frozen=True)
class SeriesFacts:
    """Texts of a header, which may be personal, and what they say.

    Attributes:
        protocol: ProtocolName, else SeriesDescription; "" where absent, as all that follow.
        station: StationName.
        month: Of the acquisition, such as 2026-03.
        alignment: The vendor's automatic alignment that the header names, such as AutoAlign.
    """

    protocol: str = ""
    station: str = ""
    month: str = ""
    alignment: str = ""


def read_series_facts(stack: Stack) -> SeriesFacts:
    """Read the header of the first slice once more; facts that cannot be read are "".

    Args:
        stack: A stack of any kind.
    """
    dataset = read_tags(Path(stack.header.file.path), _TAGS)
    return facts_of(Attributes.from_dataset(dataset))


def facts_of(attributes: Attributes) -> SeriesFacts:
    """The facts of the elements of a header."""
    dates = (attributes.text(tag) for tag in _DATES)
    date = next((text for text in dates if re.fullmatch(r"\d{8}", text)), "")
    return SeriesFacts(
        protocol=attributes.text(_PROTOCOL) or attributes.text(_DESCRIPTION),
        station=attributes.text(_STATION),
        month=f"{date[:4]}-{date[4:6]}" if date else "",
        alignment=_alignment(attributes),
    )


def _alignment(attributes: Attributes) -> str:
    maker = attributes.text(_MANUFACTURER).upper()
    told = "\n".join(text.upper() for tag in _TOLD for text in attributes.texts(tag))
    found = (
        name
        for vendor, name, pattern in ALIGNMENTS
        if maker.startswith(vendor) and pattern.search(told)
    )
    return next(found, "")
