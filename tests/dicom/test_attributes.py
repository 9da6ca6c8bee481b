import struct

import pytest
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from callosal.pipelines.dicom.attributes import Attributes, tag_of


def raw(keyword: str, vr: str | None, value: bytes, little_endian: bool = True) -> Attributes:
    tag = Tag(keyword)
    element = RawDataElement(tag, vr, len(value), value, 0, vr is None, little_endian)
    return Attributes({int(tag): element})


@pytest.mark.parametrize(
    ("vr", "value", "little_endian"),
    [
        ("US", struct.pack("<H", 300), True),
        ("US", struct.pack(">H", 300), False),
        (None, struct.pack("<H", 300), True),
        ("UN", struct.pack("<H", 300), True),
        ("OW", struct.pack("<H", 300), True),
        ("UL", struct.pack("<L", 300), True),
        ("IS", b"300 ", True),
        ("DS", b" 3.0e2", True),
    ],
)
def test_a_number_is_read_under_right_and_wrong_representations(vr, value, little_endian):
    assert raw("Rows", vr, value, little_endian).integer(tag_of("Rows")) == 300


def test_a_decimal_string_under_a_binary_representation_is_read_as_text():
    assert raw("RescaleSlope", "US", b"0.25", True).numbers(tag_of("RescaleSlope")) == (0.25,)
    assert raw("RescaleSlope", "FD", struct.pack("<d", 0.25), True).numbers(
        tag_of("RescaleSlope")
    ) == (0.25,)


@pytest.mark.parametrize("value", [b"", b"abc", b"nan", b"1\\inf", b"1\\\\2"])
def test_a_value_that_is_no_number_is_none(value: bytes):
    attributes = raw("PixelSpacing", "DS", value)
    assert attributes.number(tag_of("PixelSpacing")) is None
    assert attributes.numbers(tag_of("PixelSpacing")) == ()


def test_a_fraction_is_no_integer():
    assert raw("Rows", "DS", b"2.5").integer(tag_of("Rows")) is None


def test_texts_are_split_and_trimmed():
    assert raw("ImageType", "CS", b"ORIGINAL\\ M \\\0").texts(tag_of("ImageType")) == (
        "ORIGINAL",
        "M",
        "",
    )


def test_an_absent_value_is_empty():
    nothing = Attributes({})
    assert nothing.text(1) == ""
    assert nothing.number(1) is None
    assert nothing.items(1) == ()
