"""The file plan.json of a case."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from callosal.pipelines.geometry.slice_image import SliceImage


def slice_of_document(document: Mapping[str, Any]) -> SliceImage:
    """The midsagittal slice of a plan document; its pixels are zeros."""
    found = document["midsagittal"]
    height, width = found["shape"]
    between_rows, between_columns = found["spacing_mm"]
    row_dir, col_dir = np.array(found["row_dir"]), np.array(found["col_dir"])
    middle = (width - 1) / 2 * between_columns * row_dir + (height - 1) / 2 * between_rows * col_dir
    return SliceImage(
        pixels=np.broadcast_to(np.float32(0), (height, width)),
        spacing_mm=(between_rows, between_columns),
        center_lps_mm=np.array(found["origin_lps_mm"]) + middle,
        row_dir=row_dir,
        col_dir=col_dir,
    )
