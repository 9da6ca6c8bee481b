"""Parcellations of the callosum by Witelson and by Hofer and Frahm, as polygons.

Both schemes cut at shares of the anteroposterior length, counted from anterior. `STRAIGHT` cuts
across the long axis of the box, as the authors drew it; `MIDLINE` cuts along field lines at equal
shares of the midline, so that the cuts follow the bend.
"""

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np

from callosal.models.arrays import Array
from callosal.models.errors import GeometryError
from callosal.pipelines.geometry import polygon
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.morphometry.genu_bend import (
    THIRD,
    GenuBend,
    find_genu_bend,
    straight_depth,
)
from callosal.pipelines.morphometry.half_plane import clip_between
from callosal.pipelines.morphometry.midline import Midline


class Scheme(StrEnum):
    """Whose parts."""

    WITELSON = "witelson"
    HOFER_FRAHM = "hofer_frahm"


class Course(StrEnum):
    """The path along which the shares are counted."""

    STRAIGHT = "straight"
    MIDLINE = "midline"


CUTS: dict[Scheme, tuple[float, ...]] = {
    Scheme.WITELSON: (THIRD, 1 / 2, 2 / 3, 4 / 5),
    Scheme.HOFER_FRAHM: (1 / 6, 1 / 2, 2 / 3, 3 / 4),
}
"""Shares of the length at which each scheme cuts.

Witelson's anterior third is cut once more, at the inner bend of the genu.
"""

PARTS: dict[Scheme, int] = {Scheme.WITELSON: 7, Scheme.HOFER_FRAHM: 5}


@dataclass(frozen=True, eq=False)
class Parcellation:
    """A callosum cut into parts.

    Attributes:
        scheme: Scheme of the parts.
        course: Straight or along the midline.
        parts_mm: One polygon (N, 2) per part, anterior first; None for a part that cannot be
            separated.
        undivided_mm: Polygon of tissue in parts that cannot be separated, or None.
    """

    scheme: Scheme
    course: Course
    parts_mm: tuple[Array | None, ...]
    undivided_mm: Array | None = None

    @property
    def areas_mm2(self) -> tuple[float | None, ...]:
        """Area of each part; None for a part that cannot be separated."""
        return tuple(
            None if part is None else abs(polygon.area_mm2(part)) for part in self.parts_mm
        )


def parcellate(
    scheme: Scheme, course: Course, outline_mm: Array, midline: Midline, box: RotatedBox
) -> Parcellation:
    """Cut a callosum into the parts of a scheme.

    Args:
        scheme: Witelson 1989 (7 parts) or Hofer and Frahm 2006 (5 parts).
        course: Straight or along the midline.
        outline_mm: Even outline, counter-clockwise, shape (N, 2).
        midline: Its midline.
        box: Its box; the straight course runs along its long axis.
    """
    cutter = _Cutter(outline_mm, midline, box)
    cut = cutter.straight if course is Course.STRAIGHT else cutter.along_midline
    cuts = (0.0, *CUTS[scheme], 1.0)
    parts = [cut(low, high) for low, high in pairwise(cuts)]
    if scheme is Scheme.HOFER_FRAHM:
        return Parcellation(scheme, course, tuple(parts))
    try:
        bend = find_genu_bend(midline, outline_mm, box)
    except GeometryError:
        return Parcellation(scheme, course, (None, None, None, *parts[1:]), parts[0])
    divide = cutter.straight_third if course is Course.STRAIGHT else cutter.midline_third
    return Parcellation(scheme, course, (*divide(bend), *parts[1:]))


@dataclass(frozen=True, eq=False)
class _Cutter:
    """An outline with the path along which its parts are cut."""

    outline_mm: Array
    midline: Midline
    box: RotatedBox

    def straight(self, low: float, high: float) -> Array:
        """Between two shares of the straight length."""
        return self._clipped(self.outline_mm, low, high)

    def along_midline(self, low: float, high: float) -> Array:
        """Between the field lines at two shares of the midline."""
        shares = self.midline.shares
        inner = shares[(shares > low) & (shares < high)]
        lines = self.midline.lines.at(shares, np.r_[low, inner, high])
        return np.vstack([lines.superior_mm, lines.inferior_mm[::-1]])

    def straight_third(self, bend: GenuBend) -> tuple[Array | None, ...]:
        """Rostrum, genu and rostral body: before, around and behind the inner bend."""
        below, above = self.along_midline(0.0, bend.share), self.along_midline(bend.share, 1.0)
        return (
            self._clipped(below, bend.depth, THIRD),
            self.straight(-np.inf, bend.depth),
            self._clipped(above, bend.depth, THIRD),
        )

    def midline_third(self, bend: GenuBend) -> tuple[Array | None, ...]:
        """Rostrum, genu and rostral body, cut where the midline passes below and above the bend."""
        after = min(bend.after, THIRD)
        return (
            self.along_midline(0.0, bend.before),
            self.along_midline(bend.before, after),
            self.along_midline(after, THIRD) if after < THIRD else None,
        )

    def _clipped(self, polygon_mm: Array, low: float, high: float) -> Array:
        depth = straight_depth(polygon_mm, self.outline_mm, self.box)
        return clip_between(polygon_mm, depth, low, high)
