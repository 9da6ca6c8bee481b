"""What people call a series: its number, description, protocol, orientation and contrast.

Description and protocol are free text of the archive and may name a patient. They are read only
on request, for the mapping and the console, and stay out of every result.
"""

from dataclasses import dataclass
from pathlib import Path

from callosal.pipelines.dicom.attributes import tag_of
from callosal.pipelines.dicom.contrast import weighting
from callosal.pipelines.dicom.localizers import Localizer
from callosal.pipelines.dicom.single_tags import read_tags
from callosal.pipelines.dicom.stacks import Stack
from callosal.pipelines.dicom.views import describe_orientation

_LONGEST = 64


@dataclass(frozen=True, slots=True)
class SeriesWords:
    """What people call a series; "" for what is not known.

    Attributes:
        series_number: Its number in the study.
        description: SeriesDescription.
        protocol: ProtocolName.
        orientation: Such as sagittal.
        contrast: T1w, T2w, PDw or FLAIR, estimated from TR, TE and TI.
    """

    series_number: str = ""
    description: str = ""
    protocol: str = ""
    orientation: str = ""
    contrast: str = ""


def series_words(content: Stack | Localizer | Path) -> SeriesWords:
    """The words of a stack or localizer, two of them read from its first file.

    Args:
        content: Of a NIfTI file, which has none, its path.
    """
    if isinstance(content, Path):
        return SeriesWords()
    stack = content.sagittal if isinstance(content, Localizer) else content
    number, frame = stack.header.series_number, stack.frame
    description, protocol = _free_texts(Path(stack.header.file.path))
    return SeriesWords(
        series_number="" if number is None else str(number),
        description=description,
        protocol=protocol,
        orientation="three planes" if isinstance(content, Localizer)
        else describe_orientation(stack.geometry),
        contrast=weighting(
            frame.repetition_time_ms, frame.echo_time_ms, frame.inversion_time_ms
        ) or "",
    )  # fmt: skip


def _free_texts(path: Path) -> tuple[str, str]:
    """SeriesDescription and ProtocolName; "" of a file that cannot be read any more."""
    keywords = ("SeriesDescription", "ProtocolName")
    dataset = read_tags(path, map(tag_of, keywords))
    found = [str(dataset.get(word, "")) for word in keywords]
    description, protocol = ("".join(filter(str.isprintable, text)).strip() for text in found)
    return description[:_LONGEST], protocol[:_LONGEST]
