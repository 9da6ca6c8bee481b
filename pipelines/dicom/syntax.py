"""What the first bytes of a file say: DICOM or not, and in which encoding its elements come.

The file meta group is walked here, with a bound, before pydicom sees the file: pydicom inflates
a deflated data set whole on reading, whatever size it declares.
"""

import struct
from dataclasses import dataclass
from typing import BinaryIO

from pydicom.uid import AllTransferSyntaxes

from callosal.models.errors import InputError

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
NATIVE_SYNTAXES = frozenset({IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG})

MAX_META_BYTES = 65536
"""A file meta group is a few hundred bytes; a longer one is refused, unread."""

MAX_FIRST_ELEMENT_BYTES = 4096
"""Longest first element with which a file without preamble still passes for DICOM."""

_DICOMDIR_CLASS = "1.2.840.10008.1.3.10"
LONG_VRS = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN",
                       b"UR", b"UT", b"UV"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Syntax:
    """Encoding of the data set of one file.

    Attributes:
        uid: Transfer syntax UID; the plain one that fits the bytes where the file names none.
        implicit_vr: Whether elements come without their value representation.
        little_endian: Byte order.
    """

    uid: str
    implicit_vr: bool
    little_endian: bool


def read_syntax(file: BinaryIO) -> Syntax:
    """Find the encoding and leave the file at the first element of the data set.

    Args:
        file: A binary file at its start.

    Returns:
        The encoding of what follows.

    Raises:
        InputError: `empty_file`, `not_dicom`, `dicomdir`, `deflated`, `bad_meta_header` or
            `unknown_transfer_syntax`.
    """
    _seek_first_element(file)
    meta = _read_meta(file)
    if meta.get(0x0002) == _DICOMDIR_CLASS:
        raise InputError(
            "an index of other files (DICOMDIR); the folder is read instead", "dicomdir"
        )
    uid = meta.get(0x0010, "")
    if uid == DEFLATED:
        raise InputError(
            "deflated data sets are refused, as they may inflate to any size; convert the file",
            "deflated",
        )
    if not uid:
        return _guess_syntax(file)
    if uid not in AllTransferSyntaxes:
        message = "a private or unknown transfer syntax; convert the file"
        raise InputError(message, "unknown_transfer_syntax")
    return Syntax(uid, implicit_vr=uid == IMPLICIT_LITTLE, little_endian=uid != EXPLICIT_BIG)


def _seek_first_element(file: BinaryIO) -> None:
    head = file.read(132)
    if not head:
        raise InputError("the file is empty; copy it again", "empty_file")
    if head[128:132] == b"DICM":
        return
    if head.startswith(b"DICM"):  # without the 128 bytes before it
        file.seek(4)
        return
    if not _is_first_element(head):
        raise InputError("not a DICOM file", "not_dicom")
    file.seek(0)


def _is_first_element(head: bytes) -> bool:
    """Whether bytes look like an element of group 0002 or 0008 (files without preamble)."""
    if len(head) < 8:
        return False
    explicit = head[4:6].isalpha() and head[4:6].isupper()
    group, element = struct.unpack("<HH", head[:4])
    if group in (0x0002, 0x0008) and element <= 0x0100:
        return explicit or struct.unpack("<L", head[4:8])[0] <= MAX_FIRST_ELEMENT_BYTES
    return explicit and struct.unpack(">H", head[:2])[0] == 0x0008


def _read_meta(file: BinaryIO) -> dict[int, str]:
    """Elements 0002,xxxx as text, by element number; the file is left behind the group."""
    meta: dict[int, str] = {}
    start = file.tell()
    while len(head := file.read(8)) == 8 and head[:2] == b"\x02\x00":
        element, vr, length = struct.unpack("<2xH2sH", head)
        if not (vr.isalpha() and vr.isupper()):
            raise InputError("the file meta group is broken; copy it again", "bad_meta_header")
        if vr in LONG_VRS:
            length = int.from_bytes(file.read(4), "little")
        if file.tell() + length - start > MAX_META_BYTES:
            raise InputError("the file meta group is too long to be real", "bad_meta_header")
        meta[element] = file.read(length).decode("latin-1").rstrip("\0 ")
    file.seek(-len(head), 1)
    return meta


def _guess_syntax(file: BinaryIO) -> Syntax:
    head = file.read(6)
    file.seek(-len(head), 1)
    if not (head[4:6].isalpha() and head[4:6].isupper()):
        return Syntax(IMPLICIT_LITTLE, implicit_vr=True, little_endian=True)
    # group 0008 in big endian reads as 0800 in little endian
    if int.from_bytes(head[:2], "little") >= 0x0400:
        return Syntax(EXPLICIT_BIG, implicit_vr=False, little_endian=False)
    return Syntax(EXPLICIT_LITTLE, implicit_vr=False, little_endian=True)
