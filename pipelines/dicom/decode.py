"""Stored values of one frame: native pixels straight from the file, others through a codec."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.encaps import get_frame

from callosal.models.errors import InputError
from callosal.pipelines.dicom.codecs import decompress
from callosal.pipelines.dicom.headers import Header
from callosal.pipelines.dicom.pixel_layout import PixelLayout


def decode_frame(header: Header, index: int) -> NDArray[np.integer]:
    """Stored values of one frame, with unused bits removed and MONOCHROME1 turned round.

    Args:
        header: Header of the file.
        index: Frame in the file, from 0.

    Returns:
        Integers of shape (rows, columns), as in MONOCHROME2: low is dark. Not rescaled.

    Raises:
        InputError: `decode_failed` where the pixels cannot be decoded, with the missing codec
            where that is the reason, or do not have the declared size; `unreadable`.
    """
    layout = header.layout
    try:
        data = read_frame_bytes(header, index)
        pixels = _native(data, layout) if layout.is_native else decompress(data, layout)
        if pixels.shape != (layout.rows, layout.columns):
            found = "x".join(map(str, pixels.shape))
            raise InputError(
                f"holds {found} pixels, not {layout.rows}x{layout.columns}", "decode_failed"
            )
    except InputError as error:
        message = f"{header.file.name}: frame {index + 1} cannot be decoded: {error}"
        raise InputError(message, error.code) from None
    return _clean(pixels, layout)


def read_frame_bytes(header: Header, index: int) -> bytes:
    """The bytes of one frame as they lie in the file, compressed or not.

    Raises:
        InputError: `unreadable`, or `decode_failed` where they are not all there.
    """
    layout = header.layout
    try:
        with Path(header.file.path).open("rb") as file:
            if not layout.is_native:
                file.seek(layout.offset_bytes)
                return get_frame(file, index, number_of_frames=layout.n_frames)
            file.seek(layout.offset_bytes + index * layout.frame_bytes)
            data = file.read(layout.frame_bytes)
    except OSError as error:
        reason = error.strerror or "input/output error"
        raise InputError(f"the file cannot be read ({reason})", "unreadable") from None
    except Exception as error:  # broken fragments
        message = f"its fragments are broken ({type(error).__name__}); copy the file again"
        raise InputError(message, "decode_failed") from None
    if len(data) != layout.frame_bytes:
        raise InputError("its pixel data ends early; copy the file again", "decode_failed")
    return data


def _native(data: bytes, layout: PixelLayout) -> NDArray[np.integer]:
    stored_type = layout.dtype.newbyteorder("<" if layout.little_endian else ">")
    pixels: NDArray[np.integer] = np.frombuffer(data, stored_type)
    if not layout.little_endian and layout.bits_allocated == 8:
        pixels = _swap_byte_pairs(pixels)
    return pixels.astype(layout.dtype, copy=False).reshape(layout.rows, layout.columns)


def _swap_byte_pairs(pixels: NDArray[np.integer]) -> NDArray[np.integer]:
    """Undo the byte order of 8-bit pixels kept in big-endian 16-bit words."""
    padded = np.append(pixels, pixels[-1:]) if pixels.size % 2 else pixels
    return padded.reshape(-1, 2)[:, ::-1].reshape(-1)[: pixels.size]


def _clean(pixels: NDArray[np.integer], layout: PixelLayout) -> NDArray[np.integer]:
    """Keep the stored bits only, with their sign; turn MONOCHROME1 round; darken bright padding."""
    pixels = pixels.astype(layout.dtype, copy=False)
    is_padding = None if layout.padding is None else pixels == _of_type(layout.padding, layout)
    unused_above = layout.bits_allocated - layout.high_bit - 1
    unused = layout.bits_allocated - layout.bits_stored
    if unused:
        # shifting back a signed type spreads the sign bit
        pixels = pixels << unused_above >> unused
    if layout.inverted:
        # min + max of the stored range is -1 for signed values
        highest = -1 if layout.signed else 2**layout.bits_stored - 1
        pixels = (highest - pixels.astype(np.int64)).astype(layout.dtype)
    return pixels if is_padding is None else _without_bright_padding(pixels, is_padding)


def _of_type(value: int, layout: PixelLayout) -> np.integer:
    """A stored value whose sign may have been taken for a bit, or a bit for the sign."""
    bits = value % 2**layout.bits_allocated
    found: np.integer = np.array([bits], f"u{layout.bits_allocated // 8}").view(layout.dtype)[0]
    return found


def _without_bright_padding(
    pixels: NDArray[np.integer], is_padding: NDArray[np.bool_]
) -> NDArray[np.integer]:
    """Pixels outside the image as dark as its darkest, where they are brighter than all of it."""
    image, padding = pixels[~is_padding], pixels[is_padding]
    if not image.size or not padding.size or padding.max() <= image.max():
        return pixels
    return np.where(is_padding, image.min(), pixels)
