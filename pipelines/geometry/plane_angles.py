"""Angles and turns in the slice's plane.

Frame and sign are those of the slice image: x toward anterior, y toward superior, millimetres;
the angle of an axis is its tilt from x, positive when the anterior end is higher.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from callosal.models.arrays import Array
from callosal.models.errors import GeometryError


def wrap_axis_deg(angle_deg: float) -> float:
    """The angle of an axis (which has no head) in (-90, 90].

    >>> wrap_axis_deg(95.0), wrap_axis_deg(-90.0), wrap_axis_deg(270.0)
    (-85.0, 90.0, 90.0)
    """
    wrapped = 90.0 - (90.0 - angle_deg) % 180.0
    return 90.0 if wrapped <= -90.0 else wrapped


def axis_difference_deg(angle_deg: float, from_deg: float) -> float:
    """Smallest turn in (-90, 90] that brings one axis onto another.

    >>> axis_difference_deg(-89.0, 89.0)
    2.0
    """
    return wrap_axis_deg(angle_deg - from_deg)


def drag_angle_deg(center_mm: ArrayLike, from_mm: ArrayLike, to_mm: ArrayLike) -> float:
    """Turn in (-180, 180] of a pointer dragged about a centre: atan2 of cross and dot product.

    Positive is counter-clockwise in (x, y); on screen, where anterior is on the left, that
    looks clockwise.

    >>> drag_angle_deg((1, 1), (3, 1), (1, 2))
    90.0

    Raises:
        GeometryError: The pointer starts or ends on the centre.
    """
    start = np.asarray(from_mm, dtype=float) - np.asarray(center_mm, dtype=float)
    end = np.asarray(to_mm, dtype=float) - np.asarray(center_mm, dtype=float)
    if not (np.any(start) and np.any(end)):
        raise GeometryError(
            "drag: the pointer lies on the centre of rotation; start and end it elsewhere",
            "degenerate_drag",
        )
    cross = start[0] * end[1] - start[1] * end[0]
    return math.degrees(math.atan2(cross, float(start @ end)))


def rotated_mm(points_mm: ArrayLike, about_mm: ArrayLike, degrees: float) -> Array:
    """Points turned about a centre, counter-clockwise in (x, y), shape (..., 2).

    >>> rotated_mm((2, 1), (1, 1), 90).round(9).tolist()
    [1.0, 2.0]
    """
    about = np.asarray(about_mm, dtype=float)
    turn = math.radians(degrees)
    matrix = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    return np.asarray((np.asarray(points_mm, dtype=float) - about) @ matrix + about)
