"""Values of raw DICOM elements, without the cost and the warnings of full conversion.

pydicom keeps elements as bytes until they are asked for; converting the thirty elements that
an index needs takes longer than reading the file, and its warnings quote values.
"""

import math
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement, convert_raw_data_element
from pydicom.dataset import Dataset
from pydicom.tag import Tag

Element = DataElement | RawDataElement

_BINARY_FORMATS = {"US": "H", "SS": "h", "UL": "L", "SL": "l", "FL": "f", "FD": "d",
                   "US or SS": "H"}  # fmt: skip
_TEXT_VRS = frozenset({"DS", "IS"})
_NUMBER_VRS = _TEXT_VRS | {*_BINARY_FORMATS}


def tag_of(keyword: str) -> int:
    """Number of a tag, group before element.

    >>> hex(tag_of("Rows"))
    '0x280010'
    """
    return int(Tag(keyword))


@dataclass(frozen=True, slots=True)
class Attributes:
    """Elements of one data set or sequence item, read leniently.

    A value that is absent, empty or cannot be understood is None or empty: the caller decides
    which ones it cannot do without.
    """

    elements: Mapping[int, Element]

    @classmethod
    def from_dataset(cls, dataset: Dataset) -> "Attributes":
        """Wrap a data set as read, leaving its elements raw."""
        return cls({int(element.tag): element for element in dataset.values()})

    def texts(self, tag: int) -> tuple[str, ...]:
        """All values as text, without padding."""
        element = self.elements.get(tag)
        if element is None or element.value is None:
            return ()
        if not isinstance(element, RawDataElement):
            value = element.value
            values = [value] if isinstance(value, str) or not hasattr(value, "__iter__") else value
            return tuple(str(item).strip() for item in values)
        text = element.value.decode("latin-1").rstrip("\0 ")
        return tuple(part.strip("\0 ") for part in text.split("\\")) if text else ()

    def text(self, tag: int) -> str:
        """The first value as text, "" without one."""
        return next(iter(self.texts(tag)), "")

    def numbers(self, tag: int) -> tuple[float, ...]:
        """All values as finite numbers; empty where one of them is not."""
        element = self.elements.get(tag)
        if element is None or element.value is None:
            return ()
        try:
            values = self._parse_numbers(tag, element)
        except (ValueError, struct.error):
            return ()
        return values if all(math.isfinite(value) for value in values) else ()

    def number(self, tag: int) -> float | None:
        """The first value as a finite number."""
        return next(iter(self.numbers(tag)), None)

    def integer(self, tag: int) -> int | None:
        """The first value as a whole number; None where it has a fraction."""
        value = self.number(tag)
        return int(value) if value is not None and value == int(value) else None

    def items(self, tag: int) -> tuple["Attributes", ...]:
        """Items of a sequence."""
        element = self.elements.get(tag)
        if isinstance(element, RawDataElement):
            element = convert_raw_data_element(element)
        if element is None or element.VR != "SQ":
            return ()
        return tuple(Attributes.from_dataset(item) for item in element.value)

    def _parse_numbers(self, tag: int, element: DataElement | RawDataElement) -> tuple[float, ...]:
        vr = element.VR
        if vr not in _NUMBER_VRS and isinstance(element, RawDataElement):
            vr = dictionary_VR(
                element.tag
            )  # implicit, UN or a wrong VR: stored as the standard has it
        letter = _BINARY_FORMATS.get(vr or "")
        if letter is not None and dictionary_VR(element.tag) in _TEXT_VRS:
            with suppress(ValueError):  # text under the representation of a binary number
                return tuple(float(part) for part in self.texts(tag))
        if letter is None or not isinstance(element, RawDataElement) or element.value is None:
            return tuple(float(part) for part in self.texts(tag))
        order = "<" if element.is_little_endian else ">"
        count = len(element.value) // struct.calcsize(f"<{letter}")
        return struct.unpack(f"{order}{count}{letter}", element.value)
