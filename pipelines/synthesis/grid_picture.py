"""One picture of many samples, the border of each mask drawn on its image."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.outline.contour import find_contours_mm

BORDER = (230, 159, 0)
COLUMNS = 10
TILE_PIXELS = 176
MAX_TILES = 50

Pixels = NDArray[np.uint8]


def write_grid(path: Path, pairs: Sequence[tuple[str, Pixels, Pixels]]) -> None:
    """Draw at most fifty samples, ten in a row.

    Args:
        path: PNG file to write.
        pairs: Name, image (H, W) and mask (H, W) of each sample.
    """
    tiles = [_named_tile(*pair) for pair in pairs[:MAX_TILES]]
    rows = -(-len(tiles) // COLUMNS)
    width, height = tiles[0].size
    sheet = Image.new("RGB", (min(len(tiles), COLUMNS) * width, rows * height))
    for index, tile in enumerate(tiles):
        sheet.paste(tile, (index % COLUMNS * width, index // COLUMNS * height))
    sheet.save(path)


def gray(image: NDArray[np.generic]) -> Pixels:
    """A picture (H, W) of any type in 256 grey levels, up to its 99.5th percentile."""
    values = image.astype(np.float32)
    top = float(np.percentile(values, 99.5)) or 1.0
    return (values / top * 255).clip(0, 255).astype(np.uint8)


def outlined(image: Pixels, mask: Pixels, side: int) -> Image.Image:
    """One tile with the border of the mask (H, W) on the image (H, W), its longer side so long."""
    zoom = side / max(image.shape)
    size = (round(image.shape[1] * zoom), round(image.shape[0] * zoom))
    tile = Image.fromarray(image).resize(size, Image.Resampling.LANCZOS).convert("RGB")
    pen = ImageDraw.Draw(tile)
    for contour in _contours(mask):
        points = [tuple(point) for point in (contour + 0.5) * zoom]
        pen.line([*points, points[0]], fill=BORDER, width=1)
    return tile


def _named_tile(name: str, image: Pixels, mask: Pixels) -> Image.Image:
    tile = outlined(image, mask, TILE_PIXELS)
    ImageDraw.Draw(tile).text((3, 2), name, fill=(200, 200, 200))
    return tile


def _contours(mask: Pixels) -> list[NDArray[np.float64]]:
    """Outlines as (column, row) in pixels."""
    if not mask.any():
        return []
    place = SliceImage(
        mask.astype(np.float32),
        (1.0, 1.0),
        np.zeros(3),
        np.array([0.0, 1.0, 0.0]),
        np.array([0.0, 0.0, -1.0]),
    )
    contours = find_contours_mm(mask, place)
    return [place.mm_to_pixels(contour)[:, ::-1] for contour in contours]
