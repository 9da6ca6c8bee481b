"""The frame of the callosum in the midsagittal slice, in which other structures are looked for.

Its origin is the centre of the fused box and subcallosal line, its x axis their angle. It does not
depend on the settings of a plan, so that a place in it means one thing.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from callosal.models.arrays import Array
from callosal.pipelines.geometry.fusion import fuse
from callosal.pipelines.geometry.reference_line import LineKind, find_reference_line
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.settings import FusionSettings


@dataclass(frozen=True)
class CallosalFrame:
    """Where the callosum lies in its slice.

    Attributes:
        center_mm: Origin (x, y) in the slice.
        angle_deg: Tilt of its x axis from that of the slice.
        length_mm: Length of the callosum's box.
    """

    center_mm: tuple[float, float]
    angle_deg: float
    length_mm: float

    @classmethod
    def of(cls, contour_mm: Array, box: RotatedBox) -> "CallosalFrame":
        """The frame of an outline.

        Args:
            contour_mm: Outline of the callosum, shape (N, 2).
            box: Its box.

        Raises:
            GeometryError: The outline is degenerate.
        """
        line = find_reference_line(LineKind.SUBCALLOSAL, contour_mm, box)
        roi = fuse(box, line, FusionSettings()).roi
        return cls(roi.center_mm, roi.angle_deg, box.size_mm[0])

    def to_slice_mm(self, places_mm: ArrayLike) -> Array:
        """Places in the slice, in mm, of places in the frame, shape (..., 2)."""
        return np.asarray(places_mm, dtype=float) @ rotation(self.angle_deg).T + self.center_mm

    def to_frame_mm(self, xy_mm: ArrayLike) -> Array:
        """Places in the frame, in mm, of places in the slice, shape (..., 2)."""
        return (np.asarray(xy_mm, dtype=float) - self.center_mm) @ rotation(self.angle_deg)


def rotation(angle_deg: float) -> Array:
    """Matrix that turns (x, y) counter-clockwise, shape (2, 2)."""
    turn = math.radians(angle_deg)
    return np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
