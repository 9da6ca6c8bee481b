import io
import struct

import pytest

from callosal.models.errors import InputError
from callosal.pipelines.dicom.syntax import MAX_META_BYTES, Syntax, read_syntax

PREAMBLE = bytes(128) + b"DICM"
FIRST = struct.pack("<HH2sH", 8, 0x16, b"UI", 4) + b"1.2\0"


def element(number: int, vr: bytes, value: bytes) -> bytes:
    return struct.pack("<HH2sH", 2, number, vr, len(value)) + value


def read(data: bytes) -> Syntax:
    return read_syntax(io.BytesIO(data))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"some text, longer than eight bytes", "not_dicom"),
        (b"\x08\x00", "not_dicom"),
        (bytes(400), "not_dicom"),
        (PREAMBLE + element(2, b"UI", b"1.2.840.10008.1.3.10"), "dicomdir"),
        (PREAMBLE + element(0x10, b"UI", b"1.2.840.10008.1.2.1.99"), "deflated"),
        (PREAMBLE + element(0x10, b"UI", b"1.2.840.113619.5.2"), "unknown_transfer_syntax"),
        (PREAMBLE + struct.pack("<HH2sH", 2, 0x10, b"\0\1", 4), "bad_meta_header"),
        (PREAMBLE + struct.pack("<HH2sHL", 2, 1, b"OB", 0, MAX_META_BYTES), "bad_meta_header"),
    ],
)
def test_what_is_refused(data: bytes, code: str):
    with pytest.raises(InputError) as caught:
        read(data)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("uid", "implicit_vr", "little_endian"),
    [
        ("1.2.840.10008.1.2", True, True),
        ("1.2.840.10008.1.2.1", False, True),
        ("1.2.840.10008.1.2.2", False, False),
        ("1.2.840.10008.1.2.4.90", False, True),
    ],
)
def test_named_syntax(uid: str, implicit_vr: bool, little_endian: bool):
    data = PREAMBLE + element(0x10, b"UI", uid.encode() + b"\0")
    assert read(data) == Syntax(uid, implicit_vr, little_endian)


@pytest.mark.parametrize("lead", [b"", PREAMBLE])
@pytest.mark.parametrize(
    ("first", "uid"),
    [
        (FIRST, "1.2.840.10008.1.2.1"),
        (struct.pack("<HHL", 8, 0x16, 4) + b"1.2\0", "1.2.840.10008.1.2"),
        (struct.pack(">HH2sH", 8, 0x16, b"UI", 4) + b"1.2\0", "1.2.840.10008.1.2.2"),
    ],
)
def test_guessed_syntax(lead: bytes, first: bytes, uid: str):
    file = io.BytesIO(lead + first)
    assert read_syntax(file).uid == uid
    assert file.read() == first


def test_meta_without_preamble():
    data = element(0x10, b"UI", b"1.2.840.10008.1.2.1\0") + FIRST
    assert read(data).uid == "1.2.840.10008.1.2.1"
