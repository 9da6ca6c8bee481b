"""Lines drawn on a picture of a slice, in millimetres of the slice."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, ImageDraw

from callosal.models.arrays import Array
from callosal.pipelines.geometry.rotated_box import Point

_FINE = 2  # lines are drawn this much larger and scaled down, which smooths them


@dataclass(frozen=True)
class Pen:
    """How one element is drawn.

    Attributes:
        label: Its name in the legend.
        color: Red, green, blue.
        width: Line width in pixels.
        dash_mm: Length of dashes and gaps; 0 for a solid line.
    """

    label: str
    color: tuple[int, int, int]
    width: float
    dash_mm: float = 0.0


class SliceCanvas:
    """A transparent layer, addressed in mm of the slice.

    Args:
        size: Width and height in pixels.
        center_mm: Point (x, y) in its middle.
        pixels_per_mm: Its scale.
    """

    def __init__(self, size: tuple[int, int], center_mm: Point, pixels_per_mm: float) -> None:
        self._layer = Image.new("RGBA", (size[0] * _FINE, size[1] * _FINE), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self._layer)
        self._center_mm = np.array(center_mm)
        self._middle = np.array(size) / 2
        self._pixels_per_mm = pixels_per_mm

    def polygon(self, points_mm: ArrayLike, pen: Pen) -> None:
        """Draws a closed line through points (x, y)."""
        points = np.asarray(points_mm, dtype=float)
        self.path(np.vstack([points, points[:1]]), pen)

    def area(self, points_mm: ArrayLike, color: tuple[int, int, int], opacity: float) -> None:
        """Fills a polygon of points (x, y); what is drawn later lies on it."""
        points = self._pixels(np.asarray(points_mm, dtype=float))
        self._draw.polygon(points, fill=(*color, round(255 * opacity)))

    def path(self, points_mm: ArrayLike, pen: Pen) -> None:
        """Draws an open line through points (x, y)."""
        points = np.asarray(points_mm, dtype=float)
        for part in dashes(points, pen.dash_mm) if pen.dash_mm else [points]:
            self._draw.line(
                self._pixels(part), fill=(*pen.color, 255), width=round(pen.width * _FINE),
                joint="curve",
            )  # fmt: skip

    def onto(self, picture: Image.Image) -> Image.Image:
        """The picture with the layer on it."""
        small = self._layer.reduce(_FINE)
        drawn = picture.copy()
        drawn.paste(small, mask=small)
        return drawn

    def _pixels(self, points_mm: Array) -> list[tuple[float, float]]:
        # x grows toward anterior, which is left; y toward superior, which is up.
        offset = (self._center_mm - points_mm) * self._pixels_per_mm + self._middle
        return [(float(x), float(y)) for x, y in offset * _FINE]


def dashes(points: Array, length_mm: float) -> list[Array]:
    """Pieces of a path, as long as the gaps between them."""
    walked = np.r_[0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]
    starts = np.arange(0, walked[-1], 2 * length_mm)
    pieces = []
    for start in starts:
        end = min(start + length_mm, walked[-1])
        inner = walked[(walked > start) & (walked < end)]
        at = np.r_[start, inner, end]
        pieces.append(np.stack([np.interp(at, walked, points[:, i]) for i in (0, 1)], axis=1))
    return pieces
