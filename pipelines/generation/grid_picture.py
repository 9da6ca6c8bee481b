"""Many samples in one picture: image, and the outline of its mask."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from callosal.models.errors import DataError

OUTLINE = (230, 159, 0)
TILE = 128
COLUMNS = 10


def write_grid(path: Path, pairs: Sequence[tuple[NDArray[np.generic], NDArray[np.uint8]]]) -> None:
    """Draw pairs of image (H, W) and mask (H, W) as tiles, ten in a row.

    Raises:
        DataError: There is nothing to draw.
    """
    if not pairs:
        raise DataError("grid: there is no sample to draw", code="no_slices")
    rows = -(-len(pairs) // COLUMNS)
    sheet = Image.new("RGB", (min(len(pairs), COLUMNS) * TILE, rows * TILE))
    for index, (image, mask) in enumerate(pairs):
        tile = outlined(image, mask, TILE)
        sheet.paste(tile, (index % COLUMNS * TILE, index // COLUMNS * TILE))
    sheet.save(path)


def outlined(image: NDArray[np.generic], mask: NDArray[np.uint8], side: int) -> Image.Image:
    """One square RGB tile: grey values up to the 99.5th percentile, the mask's border orange."""
    values = image.astype(np.float32)
    top = float(np.percentile(values, 99.5)) or 1.0
    grey = Image.fromarray((values / top * 255).clip(0, 255).astype(np.uint8))
    large = np.array(grey.resize((side, side), Image.Resampling.BICUBIC).convert("RGB"))
    inside = np.array(Image.fromarray(mask * np.uint8(255)).resize((side, side))) > 127
    large[inside & ~ndimage.binary_erosion(inside)] = OUTLINE
    return Image.fromarray(large)
