"""How the pixels of a DICOM file are stored, checked against the size of the file."""

from dataclasses import dataclass
from typing import BinaryIO, Literal

import numpy as np

from callosal.models.errors import InputError
from callosal.pipelines.dicom.attributes import Attributes, tag_of
from callosal.pipelines.dicom.syntax import LONG_VRS, NATIVE_SYNTAXES, Syntax

MAX_DECODED_BYTES = 2**31
"""Largest image or stack that is decoded: 2 GiB, twenty times a 0.5 mm whole head of 16 bit."""

MAX_INTENSITY = 1e15
"""Voxels beyond it are no intensities: in single precision, sums of their squares overflow."""

_SAMPLES = tag_of("SamplesPerPixel")
_PHOTOMETRIC = tag_of("PhotometricInterpretation")
_FRAMES = tag_of("NumberOfFrames")
_ROWS = tag_of("Rows")
_COLUMNS = tag_of("Columns")
_ALLOCATED = tag_of("BitsAllocated")
_STORED = tag_of("BitsStored")
_HIGH_BIT = tag_of("HighBit")
_SIGNED = tag_of("PixelRepresentation")
_PADDING = tag_of("PixelPaddingValue")
LAYOUT_TAGS = (_SAMPLES, _PHOTOMETRIC, _FRAMES, _ROWS, _COLUMNS, _ALLOCATED, _STORED, _HIGH_BIT,
               _SIGNED, _PADDING)  # fmt: skip
_PIXEL_DATA = tag_of("PixelData")
_UNDEFINED_LENGTH = 0xFFFFFFFF
_BLOCK_BYTES = 512
_LONGEST_FILL = 65536


@dataclass(frozen=True, slots=True)
class PixelLayout:
    """Layout of the pixel data of one file.

    Attributes:
        rows: Rows of a frame.
        columns: Columns of a frame.
        n_frames: Frames in the file.
        bits_allocated: 8, 16 or 32.
        bits_stored: Bits that carry the value.
        high_bit: Place of the highest of them.
        signed: Whether the values are two's complement.
        inverted: Whether low values are white (MONOCHROME1).
        syntax_uid: Transfer syntax.
        little_endian: Byte order of native pixels.
        offset_bytes: Where the value of the pixel data element begins.
        padding: Stored value of pixels outside the image, with or without its sign; None where the
            file names none.
    """

    rows: int
    columns: int
    n_frames: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    inverted: bool
    syntax_uid: str
    little_endian: bool
    offset_bytes: int
    padding: int | None = None

    @property
    def is_native(self) -> bool:
        """Whether the pixels lie in the file uncompressed."""
        return self.syntax_uid in NATIVE_SYNTAXES

    @property
    def dtype(self) -> np.dtype[np.integer]:
        """Type of the pixels in memory, in the byte order of this machine."""
        return np.dtype(f"{'i' if self.signed else 'u'}{self.bits_allocated // 8}")

    @property
    def frame_bytes(self) -> int:
        """Size of one decoded frame."""
        return self.rows * self.columns * self.bits_allocated // 8


def read_pixel_layout(
    attributes: Attributes, file: BinaryIO, syntax: Syntax, file_bytes: int
) -> PixelLayout:
    """Read and check the layout, with the file standing at its pixel data element.

    Raises:
        InputError: `no_pixel_data`, `missing_tags`, `not_grayscale`, `unsupported_bits`,
            `too_large`, `bad_pixel_length` or `truncated`.
    """
    length = _read_pixel_length(file, syntax)
    photometric = attributes.text(_PHOTOMETRIC) or "MONOCHROME2"
    if photometric not in ("MONOCHROME1", "MONOCHROME2") or attributes.number(_SAMPLES) not in (
        None,
        1,
    ):
        raise InputError("a colour picture, not a grayscale image", "not_grayscale")
    allocated = _whole(attributes, _ALLOCATED, "BitsAllocated")
    stored = attributes.integer(_STORED) or allocated
    high_bit = attributes.integer(_HIGH_BIT)
    layout = PixelLayout(
        rows=_whole(attributes, _ROWS, "Rows"),
        columns=_whole(attributes, _COLUMNS, "Columns"),
        n_frames=attributes.integer(_FRAMES) or 1,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=stored - 1 if high_bit is None else high_bit,
        signed=attributes.integer(_SIGNED) == 1,
        inverted=photometric == "MONOCHROME1",
        syntax_uid=syntax.uid,
        little_endian=syntax.little_endian,
        offset_bytes=file.tell(),
        padding=attributes.integer(_PADDING),
    )
    _check_bits(layout)
    _check_size(layout)
    if layout.is_native:
        _check_native_length(layout, length, file_bytes)
        _check_rest(file, layout.offset_bytes + length, file_bytes, syntax)
    else:
        _check_fragments(file, length, file_bytes)
    return layout


def _whole(attributes: Attributes, tag: int, keyword: str) -> int:
    value = attributes.integer(tag)
    if value is None or value <= 0:
        raise InputError(f"has no usable {keyword}", "missing_tags")
    return value


def _read_pixel_length(file: BinaryIO, syntax: Syntax) -> int:
    """Declared length of the pixel data; the file is left at the start of its value."""
    order: Literal["little", "big"] = "little" if syntax.little_endian else "big"
    head = file.read(8)
    group, element = (int.from_bytes(head[i : i + 2], order) for i in (0, 2))
    if len(head) < 8 or group << 16 | element != _PIXEL_DATA:
        raise InputError("has no pixel data; it may be cut short: copy it again", "no_pixel_data")
    # In an explicit data set, a VR that the standard does not have here (UN, after a proxy that
    # did not know the element) takes a long length too.
    if (not syntax.implicit_vr and head[4:6] in LONG_VRS) or head[4:6] in (b"OB", b"OW"):
        return int.from_bytes(file.read(4), order)
    return int.from_bytes(head[4:8], order)


def _check_bits(layout: PixelLayout) -> None:
    allocated, stored, high = layout.bits_allocated, layout.bits_stored, layout.high_bit
    if allocated not in (8, 16, 32) or not 1 <= stored <= high + 1 <= allocated:
        raise InputError(
            f"{stored} bits up to bit {high} in {allocated}: only whole samples of 8, 16 or 32 "
            "bits are read",
            "unsupported_bits",
        )


def _check_size(layout: PixelLayout) -> None:
    total = layout.frame_bytes * layout.n_frames
    if layout.n_frames < 1 or total > MAX_DECODED_BYTES:
        raise InputError(
            f"declares {layout.n_frames} frames of {layout.rows}x{layout.columns}, "
            f"{total / 2**30:.1f} GiB; at most {MAX_DECODED_BYTES / 2**30:.0f} GiB are decoded",
            "too_large",
        )


def _check_native_length(layout: PixelLayout, length: int, file_bytes: int) -> None:
    needed = layout.frame_bytes * layout.n_frames
    if length < needed or length == _UNDEFINED_LENGTH:
        raise InputError(
            f"declares {length} bytes of pixel data where its matrix needs {needed}",
            "bad_pixel_length",
        )
    if length > needed + 1 and layout.n_frames > 1:
        raise InputError(
            f"declares {length} bytes of pixel data where its {layout.n_frames} frames need "
            f"{needed}: all but the first may be shifted",
            "bad_pixel_length",
        )
    missing = layout.offset_bytes + needed - file_bytes
    if missing > 0:
        raise InputError(
            f"the last {missing} of {needed} bytes of pixel data are missing; copy it again",
            "truncated",
        )


def _check_rest(file: BinaryIO, end: int, file_bytes: int, syntax: Syntax) -> None:
    """Refuse bytes behind the pixel data that belong to no element.

    Where bytes were brought into the pixels, as many stand behind them, and all pixels from
    there on are shifted: the picture looks sound and is in the wrong place. Files filled up with
    zeros to whole blocks, as some media leave them, are let through.
    """
    if end >= file_bytes:
        return
    file.seek(end)
    rest = file.read(_LONGEST_FILL)
    group = int.from_bytes(rest[:2], "little" if syntax.little_endian else "big")
    fills_block = file_bytes % _BLOCK_BYTES == 0 and len(rest) < _LONGEST_FILL
    if group < _PIXEL_DATA >> 16 and not (fills_block and not any(rest)):
        raise InputError(
            f"{file_bytes - end} bytes behind the pixel data belong to no element, so the pixels "
            "may be shifted; copy it again",
            "bad_pixel_length",
        )


def _check_fragments(file: BinaryIO, length: int, file_bytes: int) -> None:
    """Walk the fragments of compressed pixel data: each must end inside the file."""
    if length != _UNDEFINED_LENGTH:
        raise InputError(
            "compressed pixel data of a fixed length is against the standard", "bad_pixel_length"
        )
    while len(head := file.read(8)) == 8 and head[:4] == b"\xfe\xff\x00\xe0":
        end = file.tell() + int.from_bytes(head[4:], "little")
        if end > file_bytes:
            raise InputError(
                f"a fragment of the compressed pixel data ends {end - file_bytes} bytes behind "
                "the file; copy it again",
                "truncated",
            )
        file.seek(end)
    if head[:4] != b"\xfe\xff\xdd\xe0":
        raise InputError("the compressed pixel data has no end mark; copy it again", "truncated")
