"""A picture with its place in the patient as one message between page and server.

Four bytes, little endian, give the length of a JSON object; then follow the object and the pixels
as float32, little endian, row by row.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from callosal.models.errors import InputError
from callosal.pipelines.geometry.slice_image import SliceImage


def place_entry(place: SliceImage) -> dict[str, Any]:
    """Size and place of a picture in plain JSON types."""
    return {
        "shape": list(place.pixels.shape),
        "spacing_mm": list(place.spacing_mm),
        "center_lps_mm": place.center_lps_mm.tolist(),
        "row_dir": place.row_dir.tolist(),
        "col_dir": place.col_dir.tolist(),
    }


def encode_picture(place: SliceImage, facts: Mapping[str, Any]) -> bytes:
    """The message of a picture, with further facts in its JSON object."""
    told = json.dumps({**place_entry(place), **facts}, allow_nan=False).encode("utf-8")
    # The pixels start at a multiple of four, as an array of floats needs it.
    told += b" " * (-len(told) % 4)
    return len(told).to_bytes(4, "little") + told + place.pixels.astype("<f4").tobytes()


def decode_picture(message: bytes) -> SliceImage:
    """The picture of a message.

    Raises:
        InputError: It is cut short, or its numbers are not those of a picture (`bad_request`).
    """
    try:
        length = int.from_bytes(message[:4], "little")
        told = json.loads(message[4 : 4 + length])
        height, width = (int(side) for side in told["shape"])
        down, along = (float(value) for value in told["spacing_mm"])
        vectors = [_vector(told[name]) for name in ("center_lps_mm", "row_dir", "col_dir")]
        pixels = np.frombuffer(message[4 + length :], "<f4").reshape(height, width)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise InputError("the message holds no picture", "bad_request") from error
    if not (min(down, along) > 0 and math.isfinite(down * along) and np.isfinite(pixels).all()):
        raise InputError("the message holds numbers that are none", "bad_request")
    return SliceImage(pixels.astype(np.float32), (down, along), *vectors)


def picture_facts(message: bytes) -> dict[str, Any]:
    """The JSON object of a message that `decode_picture` reads."""
    return dict(json.loads(message[4 : 4 + int.from_bytes(message[:4], "little")]))


def _vector(values: Any) -> Any:
    vector = np.array([float(value) for value in values])
    if vector.shape != (3,) or not np.isfinite(vector).all():
        raise ValueError("not a vector")
    return vector
