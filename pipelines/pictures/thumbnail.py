"""The small picture of a case: its overlay without the legend, with lines that stay visible."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFilter, WebPImagePlugin

from callosal.pipelines.pictures.overlay import WINDOW_MM

SIZE = (224, 192)
"""Twice what the table shows, for screens of double density; the proportions of the window."""

QUALITY = 60
"""About 4 kB a picture; below, the thin lines lose their colours."""

_FORMAT = WebPImagePlugin.WebPImageFile.format  # imported here, or Pillow imports all its formats
_BLOCK = 3
_FULL_SHARE = 0.15
"""Share of line pixels in the neighbourhood from which the line hides the slice."""

_COLOURED = 60
"""Difference of the largest and the smallest of red, green, blue from which a pixel is a line's."""


def thumbnail_bytes(overlay: Image.Image) -> bytes:
    """The window of an overlay as WebP of 224 x 192 pixels.

    Plain shrinking would fade lines of two pixels into the grey of the slice. Here a line keeps
    about three pixels of the small picture.

    Args:
        overlay: Picture of `draw_overlay`: the window, and below it the legend.
    """
    height = round(overlay.width * WINDOW_MM[1] / WINDOW_MM[0])
    window = overlay.convert("RGB").crop((0, 0, overlay.width, height))
    stream = io.BytesIO()
    small = _shrunk(window).resize(SIZE, Image.Resampling.LANCZOS)
    small.save(stream, format=_FORMAT, quality=QUALITY)
    return stream.getvalue()


def _shrunk(window: Image.Image) -> Image.Image:
    """A third of the size; the colours of the lines, averaged alone, over the averaged slice."""
    red, green, blue = window.split()
    brightest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    darkest = ImageChops.darker(ImageChops.darker(red, green), blue)
    is_line = ImageChops.subtract(brightest, darkest).point(lambda level: 255 * (level > _COLOURED))
    black = Image.new("RGB", window.size)
    coloured = _near(Image.composite(window, black, is_line).reduce(_BLOCK))
    share = _near(is_line.reduce(_BLOCK))[..., None] / 255
    color = coloured / np.maximum(share, 1e-6)
    slice_alone = np.asarray(window.reduce(_BLOCK), dtype=np.float32)
    opacity = np.minimum(share / _FULL_SHARE, 1)
    mixed = opacity * color + (1 - opacity) * slice_alone
    return Image.fromarray(mixed.clip(0, 255).astype(np.uint8))


def _near(picture: Image.Image) -> NDArray[np.float32]:
    """Each pixel's mean with its neighbours, (H, W) or (H, W, 3)."""
    return np.asarray(picture.filter(ImageFilter.BoxBlur(1)), dtype=np.float32)
