"""An arch whose length, thickness, area, box and line are known exactly: for geometry tests.

The arch is the set of points within half a thickness of a circular arc: an annulus sector
with round caps. Its apex points superior when the tilt is 0, as that of a callosum does.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Arch:
    """A circular arch in in-plane coordinates (x anterior, y superior, mm).

    Attributes:
        length_mm: Arc length of the centre line, without the caps.
        thickness_mm: Full width across the centre line.
        half_angle_deg: Half the angle that the arc spans, in (0, 90].
        tilt_deg: Tilt of the chord from the x axis, positive with the anterior end higher.
        center_mm: Centre (x, y) of the box around the arch.

    Example:
        >>> arch = Arch(length_mm=90.0, thickness_mm=6.0)
        >>> round(arch.area_mm2, 2)
        568.27
        >>> [round(side, 2) for side in arch.box_size_mm]
        [80.43, 27.49]
    """

    length_mm: float = 90.0
    thickness_mm: float = 6.0
    half_angle_deg: float = 60.0
    tilt_deg: float = 0.0
    center_mm: tuple[float, float] = (0.0, 0.0)

    @property
    def radius_mm(self) -> float:
        """Radius of the centre line."""
        return self.length_mm / (2 * math.radians(self.half_angle_deg))

    @property
    def area_mm2(self) -> float:
        """Exact area: the sector is length times thickness, the two caps make one disc."""
        return self.length_mm * self.thickness_mm + math.pi * self.thickness_mm**2 / 4

    @property
    def box_size_mm(self) -> tuple[float, float]:
        """Sides of the box along the chord and across it."""
        half_angle = math.radians(self.half_angle_deg)
        along = 2 * self.radius_mm * math.sin(half_angle)
        across = self.radius_mm * (1 - math.cos(half_angle))
        return along + self.thickness_mm, across + self.thickness_mm

    @property
    def line_mm(self) -> tuple[Float, Float]:
        """Anterior and posterior point, each (x, y), where the subcallosal line touches."""
        along, across = self.box_size_mm
        reach = (along - self.thickness_mm) / 2
        chord, apex = self._directions()
        middle = np.asarray(self.center_mm) - apex * across / 2
        return middle + chord * reach, middle - chord * reach

    def signed_distance_mm(self, x_mm: Float, y_mm: Float) -> Float:
        """Distance to the outline in mm, negative inside; shapes broadcast."""
        chord, apex = self._directions()
        dx, dy = x_mm - self.center_mm[0], y_mm - self.center_mm[1]
        half_angle = math.radians(self.half_angle_deg)
        radius = self.radius_mm
        along = np.abs(dx * chord[0] + dy * chord[1])
        up = dx * apex[0] + dy * apex[1] + radius * (1 + math.cos(half_angle)) / 2
        to_end = np.hypot(along - radius * math.sin(half_angle), up - radius * math.cos(half_angle))
        to_arc = np.abs(np.hypot(along, up) - radius)
        beside_arc = np.arctan2(along, up) <= half_angle
        distance: Float = np.where(beside_arc, to_arc, to_end) - self.thickness_mm / 2
        return distance

    def _directions(self) -> tuple[Float, Float]:
        """Unit vectors along the chord (toward anterior) and toward the apex."""
        tilt = math.radians(self.tilt_deg)
        chord = np.array([math.cos(tilt), math.sin(tilt)])
        return chord, np.array([-chord[1], chord[0]])


def pixel_axes_mm(shape: tuple[int, int], spacing_mm: tuple[float, float]) -> tuple[Float, Float]:
    """In-plane coordinates of pixel centres in the frame of `SliceImage`.

    Args:
        shape: Rows and columns (H, W).
        spacing_mm: Distance between rows and between columns.

    Returns:
        x with shape (1, W), toward anterior, and y with shape (H, 1), toward superior; mm.
    """
    height, width = shape
    x = ((width - 1) / 2 - np.arange(width, dtype=float)) * spacing_mm[1]
    y = ((height - 1) / 2 - np.arange(height, dtype=float)) * spacing_mm[0]
    return x[None, :], y[:, None]


def arch_phantom(
    arch: Arch, shape: tuple[int, int] = (256, 256), spacing_mm: tuple[float, float] = (1.0, 1.0)
) -> NDArray[np.float32]:
    """Share of each pixel that the arch covers: an anti-aliased probability map.

    Args:
        arch: The arch, in mm from the image centre.
        shape: Rows and columns (H, W).
        spacing_mm: Distance between rows and between columns; may be anisotropic.

    Returns:
        Coverage in 0..1, shape (H, W), rows superior to inferior, columns anterior to posterior.
    """
    x, y = pixel_axes_mm(shape, spacing_mm)
    distance = arch.signed_distance_mm(x, y)
    coverage = (distance < 0).astype(np.float32)
    on_outline = np.abs(distance) <= math.hypot(*spacing_mm) / 2
    rows, columns = np.nonzero(on_outline)
    coverage[on_outline] = _sampled_coverage(arch, x[0, columns], y[rows, 0], spacing_mm)
    return coverage


def _sampled_coverage(
    arch: Arch, x_mm: Float, y_mm: Float, spacing_mm: tuple[float, float]
) -> NDArray[np.float32]:
    """Coverage of single pixels by 16 x 16 points in each; shape of `x_mm`."""
    steps = (np.arange(16) + 0.5) / 16 - 0.5
    x = x_mm[:, None, None] + steps * spacing_mm[1]
    y = y_mm[:, None, None] + steps[:, None] * spacing_mm[0]
    inside = arch.signed_distance_mm(x, y) < 0
    share: NDArray[np.float32] = inside.mean(axis=(1, 2)).astype(np.float32)
    return share
