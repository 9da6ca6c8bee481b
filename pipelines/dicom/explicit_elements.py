"""Elements at the head of a file in explicit little endian, the commonest encoding.

pydicom reads every element of a file, whatever is wanted of it; of 130 elements an index needs
thirty. Here the others are stepped over. Only what keeps the plain form of PS3.5, 7.1.2 is read:
all else is left to pydicom, which knows what writers get wrong.
"""

import struct
from collections.abc import Collection
from typing import BinaryIO

from pydicom.dataelem import RawDataElement, empty_value_for_VR
from pydicom.tag import BaseTag
from pydicom.valuerep import VR

from callosal.pipelines.dicom.syntax import LONG_VRS

_CHUNK_BYTES = 1 << 15
_HEAD_BYTES = 12
_UNDEFINED = 0xFFFFFFFF
_SHORT = struct.Struct("<HH2sH").unpack_from
_LONG = struct.Struct("<L").unpack_from
_VRS = {vr.value.encode(): vr.value for vr in VR if len(vr.value) == 2}


def read_elements(
    file: BinaryIO, wanted: Collection[int], stop_tag: int
) -> dict[int, RawDataElement] | None:
    """Read the wanted elements of a data set in explicit little endian.

    Args:
        file: At the first element.
        wanted: Tags.
        stop_tag: The file is left at the first element with this tag or a higher one.

    Returns:
        Elements as `pydicom.filereader.read_dataset` leaves them, by tag; None where it has to
        read them: an element of undefined length or unknown kind, or no such last element.
    """
    found: dict[int, RawDataElement] = {}
    base, at, chunk = file.tell(), 0, file.read(_CHUNK_BYTES)
    while True:
        if at + _HEAD_BYTES > len(chunk):
            base, at = base + at, 0
            chunk = _read(file, base, _CHUNK_BYTES)
            if len(chunk) < _HEAD_BYTES:
                return None
        group, element, code, length = _SHORT(chunk, at)
        tag, vr = group << 16 | element, _VRS.get(code)
        if vr is None:
            return None
        if tag >= stop_tag:
            file.seek(base + at)
            return found
        value_at = at + 8
        if code in LONG_VRS:
            (length,) = _LONG(chunk, value_at)
            value_at += 4
        if length == _UNDEFINED:
            return None
        at = value_at + length
        if tag in wanted:
            value = chunk[value_at:at] if at <= len(chunk) else _read(file, base + value_at, length)
            if len(value) < length:
                return None
            found[tag] = RawDataElement(
                BaseTag(tag), vr, length, value or empty_value_for_VR(vr, raw=True),
                base + value_at, False, True,
            )  # fmt: skip


def _read(file: BinaryIO, at: int, length: int) -> bytes:
    file.seek(at)
    return file.read(length)
