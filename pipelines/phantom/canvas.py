"""Painting of tissue: soft-edged bodies laid over each other on one grid of the head.

Head coordinates are (u, v, w) in mm: u toward anterior, v toward superior, w sideways from the
midsagittal plane. A slice has w = 0; a head has one w per slice. Bodies are symmetric in w.
"""

import math
from dataclasses import dataclass

import numpy as np

from callosal.models.arrays import Image


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid, or with `lateral_mm` a pair of them left and right of the midline.

    Attributes:
        center_mm: Centre (u, v).
        radii_mm: Semi-axes along u and v before the tilt, and along w.
        tilt_deg: In-plane tilt, positive with the anterior end higher.
        lateral_mm: Distance of the centre from the midsagittal plane.
    """

    center_mm: tuple[float, float]
    radii_mm: tuple[float, float, float]
    tilt_deg: float = 0.0
    lateral_mm: float = 0.0


class Canvas:
    """Intensities on a grid of head coordinates.

    Args:
        u: Anterior coordinate, mm, shape (H, W).
        v: Superior coordinate, mm, shape (H, W).
        w: Distance from the midsagittal plane, mm; shape (1, 1) for a slice or (S, 1, 1).
        edge_mm: Width of the soft edge of each body, about a pixel.
        image: Receives the intensities, shape (H, W) or (S, H, W).
    """

    def __init__(self, u: Image, v: Image, w: Image, edge_mm: float, image: Image) -> None:
        self.u, self.v, self.w = u, v, w
        self.edge_mm = edge_mm
        self.image = image

    @classmethod
    def blank(cls, u: Image, v: Image, w: Image, edge_mm: float) -> "Canvas":
        """A canvas of zeros."""
        image = np.zeros(np.broadcast_shapes(u.shape, w.shape), dtype=np.float32)
        return cls(u, v, w, edge_mm, image)

    def window(self, low_mm: tuple[float, float], high_mm: tuple[float, float]) -> "Canvas":
        """The part of the canvas around a box in (u, v); painting on it paints the whole."""
        rows, columns = grid_window(self.u, self.v, low_mm, high_mm)
        image = self.image[..., rows, columns]
        return Canvas(self.u[rows, columns], self.v[rows, columns], self.w, self.edge_mm, image)

    def distance_mm(self, body: Ellipsoid) -> Image:
        """Distance to an ellipsoid's surface, negative inside; exact only near round ones."""
        cosine = math.cos(math.radians(body.tilt_deg))
        sine = math.sin(math.radians(body.tilt_deg))
        du, dv = self.u - body.center_mm[0], self.v - body.center_mm[1]
        along = (cosine / body.radii_mm[0]) * du
        along += (sine / body.radii_mm[0]) * dv
        dv *= cosine / body.radii_mm[1]
        du *= sine / body.radii_mm[1]
        dv -= du
        aside = (np.abs(self.w) - body.lateral_mm) / body.radii_mm[2]
        level: Image = np.sqrt(along * along + dv * dv + aside * aside)
        level -= 1
        level *= min(body.radii_mm)
        return level

    def coverage(self, distance_mm: Image) -> Image:
        """Share of each pixel inside a body, 0..1, from the distance to its outline."""
        share: Image = np.minimum(np.maximum(0.5 - distance_mm / self.edge_mm, 0), 1)
        return share

    def blend(self, share: Image, value: Image | float) -> None:
        """Replace a share (0..1) of each pixel's tissue by tissue of intensity `value`."""
        self.image += share * (value - self.image)

    def paint(self, distance_mm: Image, value: Image | float) -> None:
        """Lay a body of intensity `value` over what is there."""
        self.blend(self.coverage(distance_mm), value)

    def paint_ellipsoid(self, body: Ellipsoid, value: float) -> None:
        """Lay an ellipsoid of intensity `value` over what is there."""
        reach = max(body.radii_mm[:2]) + self.edge_mm
        u, v = body.center_mm
        part = self.window((u - reach, v - reach), (u + reach, v + reach))
        part.paint(part.distance_mm(body), value)


def grid_window(
    u: Image, v: Image, low_mm: tuple[float, float], high_mm: tuple[float, float]
) -> tuple[slice, slice]:
    """Rows and columns of a regular (u, v) grid that hold a box; the grid may be tilted."""
    u0, v0 = float(u[0, 0]), float(v[0, 0])
    down_u, down_v = float(u[1, 0]) - u0, float(v[1, 0]) - v0
    right_u, right_v = float(u[0, 1]) - u0, float(v[0, 1]) - v0
    area = down_u * right_v - down_v * right_u
    corners = [
        (cu - u0, cv - v0) for cu in (low_mm[0], high_mm[0]) for cv in (low_mm[1], high_mm[1])
    ]
    rows = [(du * right_v - dv * right_u) / area for du, dv in corners]
    columns = [(dv * down_u - du * down_v) / area for du, dv in corners]
    return _bounded(rows, u.shape[0]), _bounded(columns, u.shape[1])


def _bounded(indices: list[float], size: int) -> slice:
    """Slice of whole indices around the given ones, within the axis."""
    start = min(max(math.floor(min(indices)), 0), size)
    return slice(start, min(max(math.ceil(max(indices)) + 1, start), size))


def smoothstep(field: Image, low: float, high: float) -> Image:
    """Smooth rise from 0 at `low` to 1 at `high`."""
    t: Image = np.minimum(np.maximum((field - low) / (high - low), 0), 1)
    return t * t * (3 - 2 * t)
