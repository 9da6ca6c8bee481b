"""Compressed frames: what their stream declares, and which codec may decode them."""

import io
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import Decoder, get_decoder
from pydicom.uid import UID

from callosal.models.errors import InputError
from callosal.pipelines.dicom.pixel_layout import PixelLayout

FRAGILE_CODEC = "gdcm"
"""GDCM 3.2.6 ends the process on some broken JPEG and JPEG-LS streams."""

_CODECS = ("pylibjpeg", "pyjpegls", "pydicom", "pillow", FRAGILE_CODEC)
"""By trust."""

_JPEG_SYNTAXES = frozenset({
    "1.2.840.10008.1.2.4.50",  # baseline
    "1.2.840.10008.1.2.4.51",  # extended
    "1.2.840.10008.1.2.4.57",  # lossless
    "1.2.840.10008.1.2.4.70",  # lossless, first-order prediction
})  # fmt: skip
"""JPEG proper, the only kind that no codec but the fragile one reads whole."""

_PANIC = "PanicException"
"""Codecs in Rust panic with a BaseException, on an RLE segment longer than its frame for one."""

_J2K_SYNTAXES = frozenset({
    "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91",  # JPEG 2000
    "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203",  # HTJ2K
})  # fmt: skip
_J2K_SIZE_MARKER = b"\xff\x4f\xff\x51"
_JPEG_START = b"\xff\xd8"
_JPEG_FRAME_MARKERS = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}


def choose_codec(syntax_uid: str) -> str:
    """The most trusted installed codec of a transfer syntax, by pydicom's name.

    Raises:
        InputError: `decode_failed` with the packages that are missing.
    """
    decoder = _get_decoder(syntax_uid)
    trusted = _CODECS if syntax_uid in _JPEG_SYNTAXES else _CODECS[:-1]
    for codec in trusted:
        if codec in decoder.available_plugins:
            return codec
    missing = "; ".join(decoder.missing_dependencies)
    raise InputError(f"no codec for {decoder.UID.name} is installed: {missing}", "decode_failed")


def decompress(data: bytes, layout: PixelLayout) -> NDArray[np.integer]:
    """Decode one compressed frame.

    Args:
        data: The stream of the frame, without fragment headers.
        layout: What the header declares.

    Returns:
        Stored values, shape (rows, columns).

    Raises:
        InputError: `decode_failed`.
    """
    codec = choose_codec(layout.syntax_uid)
    if layout.syntax_uid in _J2K_SYNTAXES and not data.startswith(_J2K_SIZE_MARKER):
        # Boxes around the stream (JP2) hide its size, and OpenJPEG 2.5.2, which pylibjpeg-openjpeg
        # carries, writes out of bounds on some (CVE-2025-54874).
        raise InputError("no bare JPEG 2000 stream, as DICOM has it; convert it", "decode_failed")
    shape = codestream_shape(data)
    if shape not in (None, (layout.rows, layout.columns)):
        raise InputError(
            f"its codestream declares {shape[0]}x{shape[1]} pixels where the header has "
            f"{layout.rows}x{layout.columns}",
            "decode_failed",
        )
    try:
        pixels, _ = _get_decoder(layout.syntax_uid).as_array(
            io.BytesIO(encapsulate([data])),
            index=0,
            raw=True,
            decoding_plugin=codec,
            **_decode_options(layout),
        )
    except BaseException as error:  # each codec has its own errors
        name = type(error).__name__
        if not isinstance(error, Exception) and name != _PANIC:
            raise
        message = f"the codec refuses it ({name}); copy the file again"
        raise InputError(message, "decode_failed") from None
    return np.asarray(pixels)


def codestream_shape(data: bytes) -> tuple[int, int] | None:
    """Rows and columns that a JPEG, JPEG-LS or JPEG 2000 stream itself declares.

    They are compared with the header before decoding, since codecs allocate what the stream
    asks for.

    Returns:
        (rows, columns), or None where the stream is of another kind.
    """
    if data.startswith(_J2K_SIZE_MARKER) and len(data) >= 24:
        right, bottom, left, top = struct.unpack(">4L", data[8:24])
        return bottom - top, right - left
    offset = 2 if data.startswith(_JPEG_START) else len(data)
    while offset + 9 <= len(data) and data[offset] == 0xFF:
        if data[offset + 1] in _JPEG_FRAME_MARKERS:
            rows, columns = struct.unpack(">HH", data[offset + 5 : offset + 9])
            return rows, columns
        offset += 2 + int.from_bytes(data[offset + 2 : offset + 4], "big")
    return None


def _get_decoder(syntax_uid: str) -> Decoder:
    try:
        return get_decoder(UID(syntax_uid))
    except NotImplementedError:
        message = f"transfer syntax {syntax_uid} has no decoder; convert the file"
        raise InputError(message, "decode_failed") from None


def _decode_options(layout: PixelLayout) -> dict[str, Any]:
    return {
        "transfer_syntax_uid": UID(layout.syntax_uid),
        "rows": layout.rows,
        "columns": layout.columns,
        "number_of_frames": 1,
        "samples_per_pixel": 1,
        "bits_allocated": layout.bits_allocated,
        "bits_stored": layout.bits_stored,
        "photometric_interpretation": "MONOCHROME2",
        "pixel_representation": int(layout.signed),
        "pixel_keyword": "PixelData",
    }
