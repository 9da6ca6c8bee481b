"""A picture of a case as the page reads it: its place in the patient, and its gray levels."""

import base64
import gzip
from typing import Any

import numpy as np
from numpy.typing import NDArray

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


def packed_levels(pixels: NDArray[np.float32]) -> str:
    """Gray levels as little-endian 16 bit, packed, as text."""
    levels = pixels.astype("<u2").tobytes()
    return base64.b64encode(gzip.compress(levels, mtime=0)).decode("ascii")
