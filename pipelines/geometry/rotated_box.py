"""The rotated region of interest: a box with centre, size and angle in the slice's plane.

Frame and sign are those of `plane_angles`; the angle is the tilt of the long axis.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from callosal.models.arrays import Array
from callosal.models.errors import GeometryError
from callosal.pipelines.geometry import polygon
from callosal.pipelines.geometry.plane_angles import drag_angle_deg, rotated_mm, wrap_axis_deg

Point = tuple[float, float]


@dataclass(frozen=True)
class RotatedBox:
    """A rectangle of any tilt. The long axis comes first; other orders are put right.

    >>> RotatedBox((0, 0), (10, 20), -80)
    RotatedBox(center_mm=(0.0, 0.0), size_mm=(20.0, 10.0), angle_deg=10.0)

    Attributes:
        center_mm: Centre (x, y).
        size_mm: Length along the long axis and across it, both above 0.
        angle_deg: Tilt of the long axis, in (-90, 90].

    Raises:
        GeometryError: A number is not finite, or a side is not above 0.
    """

    center_mm: Point
    size_mm: Point
    angle_deg: float

    def __post_init__(self) -> None:
        length, width = (float(side) for side in self.size_mm)
        x, y = (float(value) for value in self.center_mm)
        if not all(math.isfinite(value) for value in (x, y, length, width, self.angle_deg)):
            raise GeometryError(
                f"box: centre ({x}, {y}), size ({length}, {width}), angle {self.angle_deg} "
                "must all be finite",
                "not_finite",
            )
        if min(length, width) <= 0:
            raise GeometryError(
                f"box: size ({length:g}, {width:g}) mm; both sides must be above 0",
                "degenerate_box",
            )
        turn = 90.0 if width > length else 0.0
        object.__setattr__(self, "center_mm", (x, y))
        object.__setattr__(self, "size_mm", (max(length, width), min(length, width)))
        object.__setattr__(self, "angle_deg", wrap_axis_deg(float(self.angle_deg) + turn))

    @classmethod
    def around(cls, points_mm: ArrayLike) -> "RotatedBox":
        """The box of least area around points: one side lies on a side of the convex hull.

        Rotating calipers over the hull's edges (Freeman and Shapira 1975). Boxes that tie to
        within rounding are decided for the longer one, then for the smaller tilt.

        Args:
            points_mm: Outline or any cloud of points, shape (N, 2).

        Raises:
            GeometryError: Empty, not finite, one spot or one line.
        """
        hull = polygon.convex_hull_mm(points_mm)
        edges = np.roll(hull, -1, axis=0) - hull
        along = edges / np.linalg.norm(edges, axis=1, keepdims=True)
        across = np.stack([-along[:, 1], along[:, 0]], axis=1)
        u, v = hull @ along.T, hull @ across.T
        sizes = np.stack([np.ptp(u, axis=0), np.ptp(v, axis=0)], axis=1)
        areas = sizes.prod(axis=1)
        tied = np.flatnonzero(areas <= areas.min() * (1 + 1e-9))
        boxes = []
        for i in tied:
            middle = np.array([u[:, i].max() + u[:, i].min(), v[:, i].max() + v[:, i].min()]) / 2
            center = middle @ np.stack([along[i], across[i]])
            angle = math.degrees(math.atan2(along[i, 1], along[i, 0]))
            boxes.append(cls((center[0], center[1]), (sizes[i, 0], sizes[i, 1]), angle))
        return max(boxes, key=lambda box: (round(box.size_mm[0], 6), -round(abs(box.angle_deg), 6)))

    @property
    def area_mm2(self) -> float:
        """Length times width."""
        return self.size_mm[0] * self.size_mm[1]

    @property
    def axes(self) -> Array:
        """Unit vectors along (toward anterior) and across the long axis (superior), (2, 2)."""
        turn = math.radians(self.angle_deg)
        along = (math.cos(turn), math.sin(turn))
        return np.array([along, (-along[1], along[0])])

    @property
    def corners_mm(self) -> Array:
        """Corners counter-clockwise in (x, y) from the inferior posterior one, shape (4, 2)."""
        signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
        return np.asarray(self.from_frame_mm(signs * np.array(self.size_mm) / 2))

    def to_frame_mm(self, points_mm: ArrayLike) -> Array:
        """Coordinates (along, across) from the box's centre of points (x, y), shape (..., 2)."""
        return np.asarray((np.asarray(points_mm, dtype=float) - self.center_mm) @ self.axes.T)

    def from_frame_mm(self, along_across_mm: ArrayLike) -> Array:
        """Points (x, y) of coordinates (along, across) from the centre, shape (..., 2)."""
        return np.asarray(np.asarray(along_across_mm, dtype=float) @ self.axes + self.center_mm)

    def contains(self, points_mm: ArrayLike) -> NDArray[np.bool_]:
        """Which points (x, y) lie inside or on the border (to 1e-9 mm), shape (...).

        >>> RotatedBox((0, 0), (4, 2), 90).contains([(0, 1.9), (1.9, 0)]).tolist()
        [True, False]
        """
        half = np.array(self.size_mm) / 2 + 1e-9
        inside = np.abs(self.to_frame_mm(points_mm)) <= half
        return np.asarray(inside.all(axis=-1))

    def iou(self, other: "RotatedBox") -> float:
        """Area shared with another box over the area of both together, 0 to 1.

        >>> RotatedBox((0, 0), (4, 2), 0).iou(RotatedBox((2, 0), (4, 2), 0))
        0.3333333333333333
        """
        shared = polygon.area_mm2(polygon.clip_convex(self.corners_mm, other.corners_mm))
        return min(1.0, max(0.0, shared / (self.area_mm2 + other.area_mm2 - shared)))

    def moved(self, by_mm: ArrayLike) -> "RotatedBox":
        """The box shifted by (x, y)."""
        x, y = np.asarray(self.center_mm) + np.asarray(by_mm, dtype=float)
        return replace(self, center_mm=(x, y))

    def rotated_about(self, point_mm: ArrayLike, degrees: float) -> "RotatedBox":
        """The box turned about any point, counter-clockwise in (x, y).

        >>> RotatedBox((1, 0), (4, 2), 0).rotated_about((1, 0), 30).angle_deg
        30.0
        """
        x, y = rotated_mm(self.center_mm, point_mm, degrees)
        return RotatedBox((x, y), self.size_mm, self.angle_deg + degrees)

    def dragged(self, from_mm: ArrayLike, to_mm: ArrayLike) -> "RotatedBox":
        """The box turned about its own centre by a drag of the pointer.

        Raises:
            GeometryError: The pointer starts or ends on the centre.
        """
        turn = drag_angle_deg(self.center_mm, from_mm, to_mm)
        return self.rotated_about(self.center_mm, turn)

    def scaled(self, factor: float) -> "RotatedBox":
        """The box grown or shrunk about its centre.

        >>> RotatedBox((1, 0), (4, 2), 0).scaled(1.5).size_mm
        (6.0, 3.0)
        """
        return replace(self, size_mm=(self.size_mm[0] * factor, self.size_mm[1] * factor))

    def with_margin(self, margin_mm: float) -> "RotatedBox":
        """The box with a margin on all four sides; a negative one shrinks it.

        >>> RotatedBox((1, 0), (4, 2), 0).with_margin(5).size_mm
        (14.0, 12.0)
        """
        length, width = self.size_mm
        return replace(self, size_mm=(length + 2 * margin_mm, width + 2 * margin_mm))

    def clipped(self, field: "RotatedBox") -> "RotatedBox":
        """The smallest box of the same tilt around the part inside a field of view.

        >>> RotatedBox((4, 0), (10, 2), 0).clipped(RotatedBox((0, 0), (10, 10), 0)).size_mm
        (6.0, 2.0)

        Raises:
            GeometryError: Nothing of the box lies in the field.
        """
        part = polygon.clip_convex(self.corners_mm, field.corners_mm)
        if abs(polygon.area_mm2(part)) <= 1e-9:
            raise GeometryError(
                f"box: centred at ({self.center_mm[0]:.1f}, {self.center_mm[1]:.1f}) mm, "
                "lies outside the field of view",
                "outside_field",
            )
        frame = self.to_frame_mm(part)
        x, y = self.from_frame_mm((frame.max(axis=0) + frame.min(axis=0)) / 2)
        length, width = np.ptp(frame, axis=0)
        return RotatedBox((x, y), (length, width), self.angle_deg)
