"""The reference line of the callosum, in three kinds.

`subcallosal` is the line that touches the inferior borders of genu and splenium, the clinical
reference for transverse slices (Otake et al. 2018, Neuroradiol J 31:336); the thin tip of the
rostrum does not count as genu. `endpoints` runs from
the tip of the genu to the tip of the splenium. `principal_axis` is the long axis of inertia of
the area, through its centroid. All take an outline in mm in the frame of the slice image, and
all are exact on the outline: none depends on a pixel grid.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from callosal.models.arrays import Array
from callosal.models.errors import GeometryError
from callosal.pipelines.geometry import polygon
from callosal.pipelines.geometry.plane_angles import wrap_axis_deg
from callosal.pipelines.geometry.rotated_box import Point, RotatedBox


class LineKind(StrEnum):
    """Which line stands for the pose of the callosum.

    `settings.line` and `settings.ProtocolLine`, the schema of plan.json, `hospital.concepts.LINES`
    and `planning.protocol_words.LINE_NAMES` name the same kinds.
    """

    SUBCALLOSAL = "subcallosal"
    ENDPOINTS = "endpoints"
    PRINCIPAL_AXIS = "principal_axis"


@dataclass(frozen=True)
class ReferenceLine:
    """A line through the callosum with its two ends.

    Attributes:
        kind: How it was found.
        start_mm: Anterior end (x, y).
        end_mm: Posterior end (x, y).
    """

    kind: LineKind
    start_mm: Point
    end_mm: Point

    @property
    def center_mm(self) -> Point:
        """Midpoint (x, y)."""
        return (
            (self.start_mm[0] + self.end_mm[0]) / 2,
            (self.start_mm[1] + self.end_mm[1]) / 2,
        )

    @property
    def angle_deg(self) -> float:
        """Tilt from the x axis in (-90, 90], positive when the anterior end is higher.

        >>> ReferenceLine(LineKind.ENDPOINTS, (10, 1), (0, 0)).angle_deg
        5.710593137499643
        """
        dx, dy = np.subtract(self.start_mm, self.end_mm)
        return wrap_axis_deg(math.degrees(math.atan2(dy, dx)))

    @property
    def length_mm(self) -> float:
        """Distance of the two ends."""
        return math.dist(self.start_mm, self.end_mm)


def find_reference_line(kind: LineKind | str, contour_mm: Array, box: RotatedBox) -> ReferenceLine:
    """The reference line of an outline.

    Args:
        kind: Which line.
        contour_mm: Outer outline of the callosum, counter-clockwise, shape (N, 2).
        box: Its box; gives the long axis that separates anterior from posterior.

    Raises:
        GeometryError: The outline is degenerate, or has no long axis.
        ValueError: The kind is not one of the three.
    """
    kind = LineKind(kind)
    frame = box.to_frame_mm(contour_mm)
    if len(frame) < 3:
        raise GeometryError(
            f"line: an outline of {len(frame)} points has no reference line; "
            "check that the mask is not empty",
            "degenerate_contour",
        )
    match kind:
        case LineKind.SUBCALLOSAL:
            start, end = _inferior_bridge(frame)
        case LineKind.ENDPOINTS:
            start, end = _tip(frame), -_tip(-frame)
        case LineKind.PRINCIPAL_AXIS:
            start, end = _principal_axis(frame)
        case _:
            assert_never(kind)
    (x0, y0), (x1, y1) = box.from_frame_mm([start, end])
    return ReferenceLine(kind, (float(x0), float(y0)), (float(x1), float(y1)))


def _inferior_bridge(frame: Array) -> tuple[Array, Array]:
    """Where the lower common tangent of the anterior and the posterior third touches them."""
    reach = frame[:, 0].min(), frame[:, 0].max()
    inner, radius = _without_spikes(frame, reach)
    anterior, posterior = _outer_thirds(inner, reach)
    hull = polygon.convex_hull_mm(inner[anterior | posterior])
    ahead = np.roll(hull, -1, axis=0)
    middle = (reach[0] + reach[1]) / 2
    # The hull runs counter-clockwise, so only its lower side goes toward anterior.
    bridge = int(np.flatnonzero((hull[:, 0] < middle) & (ahead[:, 0] >= middle))[0])
    tangent = (ahead[bridge] - hull[bridge]) / np.linalg.norm(ahead[bridge] - hull[bridge])
    below = np.array([tangent[1], -tangent[0]])
    turned = (inner - hull[bridge]) @ np.stack([below, tangent], axis=1)
    depth = 0.01 * (reach[1] - reach[0])
    contacts = []
    for part in (anterior, posterior):
        lowest = int(np.argmax(np.where(part, turned[:, 0], -np.inf)))
        touch = _cap_middle(turned, lowest, depth)
        contacts.append(hull[bridge] + touch * tangent + radius * below)
    return contacts[0], contacts[1]


def _without_spikes(frame: Array, reach: tuple[float, float]) -> tuple[Array, float]:
    """Border of the area eroded by a disc, and the disc's radius.

    A tangent of it, moved out by the radius, is one of the area opened by the disc. That leaves
    out what is thinner than 4 % of the length (3 mm of 75): the tip of the rostrum, which is in
    a mask or not by chance and by pixel size, would turn the line by several degrees. Where a
    third is thinner than that, the radius is halved until something of it is left.
    """
    ahead = np.roll(frame, -1, axis=0) - np.roll(frame, 1, axis=0)
    inward = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
    inward /= np.maximum(np.linalg.norm(inward, axis=1, keepdims=True), 1e-12)
    tree = cKDTree(frame)
    radius = 0.02 * (reach[1] - reach[0])
    for share in (1.0, 0.5, 0.25, 0.125):
        moved = frame + share * radius * inward
        distance, _ = tree.query(moved)
        inner = moved[distance >= 0.99 * share * radius]
        if len(inner) > 2 and all(part.any() for part in _outer_thirds(inner, reach)):
            return inner, share * radius
    return frame, 0.0


def _outer_thirds(
    points: Array, reach: tuple[float, float]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which points lie in the anterior and which in the posterior third of a length."""
    third = (reach[1] - reach[0]) / 3
    return points[:, 0] > reach[1] - third, points[:, 0] < reach[0] + third


def _tip(frame: Array) -> Array:
    """Anterior tip: the end of the outline, at mid-height of the cap of the outermost 5 %."""
    foremost = int(np.argmax(frame[:, 0]))
    height = _cap_middle(frame, foremost, 0.05 * np.ptp(frame[:, 0]))
    return np.array([frame[foremost, 0], height])


def _cap_middle(outward: Array, peak: int, depth: float) -> float:
    """Middle of the chord that cuts a cap off an outline.

    The single outermost point slides along a blunt end with every pixel; the middle of a chord
    just inside it does not.

    Args:
        outward: Outline with the outward coordinate first, shape (N, 2).
        peak: Index of the outermost point of the cap.
        depth: Height of the cap in mm.

    Returns:
        The second coordinate of the chord's middle.
    """
    path = np.roll(outward, -peak, axis=0)
    cut = path[0, 0] - depth
    backward = np.vstack([path[:1], path[:0:-1]])
    return (_first_crossing(path, cut) + _first_crossing(backward, cut)) / 2


def _first_crossing(path: Array, cut: float) -> float:
    """Second coordinate where a path that starts beyond the cut first comes back to it."""
    i = int(np.argmax(path[:, 0] <= cut))
    before, after = path[i - 1], path[i]
    fraction = (before[0] - cut) / (before[0] - after[0])
    return float(before[1] + fraction * (after[1] - before[1]))


def _principal_axis(frame: Array) -> tuple[Array, Array]:
    """Ends of the outline's extent along its long axis of inertia, on that axis."""
    values, vectors = np.linalg.eigh(polygon.covariance_mm2(frame))
    if values[1] - values[0] <= 1e-6 * values[1]:
        raise GeometryError(
            "line: the area has no long axis (it is as wide as long); not a callosum",
            "no_long_axis",
        )
    axis = vectors[:, 1] * (1 if vectors[0, 1] >= 0 else -1)
    center = polygon.centroid_mm(frame)
    reach = (frame - center) @ axis
    return center + reach.max() * axis, center + reach.min() * axis
