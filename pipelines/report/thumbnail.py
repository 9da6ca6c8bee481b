"""The small picture of a case: its overlay without the legend, with lines that stay visible."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from callosal.pipelines.planning.overlay import WINDOW_MM

THUMBNAIL = "thumbnail.webp"
SIZE = (224, 192)
"""Twice what the table shows, for screens of double density; the proportions of the window."""

QUALITY = 60
"""About 4 kB a picture; below, the thin lines lose their colours."""

_BLOCK = 3
_COLOURED = 60
"""Difference of the largest and the smallest of red, green, blue from which a pixel is a line's."""


def thumbnail_bytes(overlay: Image.Image) -> bytes:
    """The window of an overlay as WebP of 224 x 192 pixels.

    Plain shrinking would fade lines of two pixels into the grey of the slice. Here a line keeps
    about three pixels of the small picture.

    Args:
        overlay: Picture of `draw_overlay`: the window, and below it the legend.
    """
    width = overlay.width // _BLOCK * _BLOCK
    height = round(width * WINDOW_MM[1] / WINDOW_MM[0]) // _BLOCK * _BLOCK
    pixels = np.asarray(overlay.convert("RGB").crop((0, 0, width, height)))
    stream = io.BytesIO()
    small = Image.fromarray(_shrunk(pixels)).resize(SIZE, Image.Resampling.LANCZOS)
    small.save(stream, format="WEBP", quality=QUALITY)
    return stream.getvalue()


def _shrunk(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGB pixels (H, W, 3) in blocks of 3 x 3: the mean, or the colour of a line next to it."""
    rows, columns = (side // _BLOCK for side in pixels.shape[:2])
    blocks = pixels.reshape(rows, _BLOCK, columns, _BLOCK, 3).swapaxes(1, 2)
    blocks = blocks.reshape(rows, columns, _BLOCK * _BLOCK, 3)
    colour = np.ptp(blocks, axis=-1)
    strongest = colour.argmax(axis=-1)
    line = np.take_along_axis(blocks, strongest[..., None, None], axis=2)[:, :, 0]
    is_line = colour.max(axis=-1) > _COLOURED
    distance, nearest = ndimage.distance_transform_edt(~is_line, return_indices=True)
    mean = blocks.mean(axis=2).astype(np.uint8)
    shrunk: NDArray[np.uint8] = np.where(distance[..., None] <= 1, line[tuple(nearest)], mean)
    return shrunk
