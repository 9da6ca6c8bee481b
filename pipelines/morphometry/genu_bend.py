"""The inner bend of the genu, where Witelson separates rostrum, genu and rostral body."""

from dataclasses import dataclass

import numpy as np

from callosal.models.arrays import Array
from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.morphometry.midline import Midline

THIRD = 1 / 3
LEAST_ROSTRUM = 0.01
"""A rostrum reaches back behind the inner bend, straight and along the midline, by this share of
the length, or there is none."""


@dataclass(frozen=True)
class GenuBend:
    """The foremost point of the inferior border, behind the genu.

    Attributes:
        depth: Its share of the straight length, from the anterior end.
        share: Share of the midline at the field line that ends on it.
        before: Share of the midline where it passes below the bend, from rostrum to genu.
        after: Share of the midline where it passes above the bend, from genu to rostral body.
    """

    depth: float
    share: float
    before: float
    after: float


def straight_depth(points_mm: Array, outline_mm: Array, box: RotatedBox) -> Array:
    """Share of the straight length of points, 0 at the anterior and 1 at the posterior end.

    Args:
        points_mm: Points (x, y), shape (N, 2).
        outline_mm: Outline whose extent along the box's long axis is the length.
        box: Gives the axis.
    """
    along = box.to_frame_mm(outline_mm)[:, 0]
    return np.asarray((along.max() - box.to_frame_mm(points_mm)[:, 0]) / np.ptp(along))


def find_genu_bend(midline: Midline, outline_mm: Array, box: RotatedBox) -> GenuBend:
    """Find the inner bend of the genu on the inferior border.

    Raises:
        GeometryError: `no_rostrum`: the inferior border does not turn back within the anterior
            third, so that it cannot be divided.
    """
    border = straight_depth(midline.lines.inferior_mm, outline_mm, box)
    path = straight_depth(midline.points_mm, outline_mm, box)
    shares = midline.shares
    front = len(border) // 2
    at = int(np.argmin(border[:front]))
    behind = path > border[at]
    turns_back = border[:at].max(initial=0.0) >= border[at] + LEAST_ROSTRUM
    in_third = max(border[at], shares[at]) < THIRD and not behind[at]
    below = np.flatnonzero(behind[:at])
    if not (turns_back and in_third and len(below) and shares[below[-1]] >= LEAST_ROSTRUM):
        raise GeometryError(
            "parcellation: the inferior border does not turn back under the genu; there is no "
            "rostrum to tell apart",
            "no_rostrum",
        )
    last_before = at + int(np.argmax(behind[at:])) - 1
    return GenuBend(
        float(border[at]),
        float(shares[at]),
        _crossing(shares, path - border[at], int(below[-1])),
        _crossing(shares, path - border[at], last_before),
    )


def _crossing(shares: Array, excess: Array, at: int) -> float:
    """Share at which the excess changes its sign between a place and the next one."""
    part = excess[at] / (excess[at] - excess[at + 1])
    return float(shares[at] + part * (shares[at + 1] - shares[at]))
