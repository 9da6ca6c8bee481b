"""The midline of the callosum and the measures along it."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from callosal.models.arrays import Array
from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.morphometry.borders import Borders
from callosal.pipelines.morphometry.field_lines import FieldLines, find_field_lines
from callosal.pipelines.morphometry.outline import resampled, walked_mm

STEPS = 400
SMOOTHING = 0.01
"""Standard deviation of the smoothing of midline and profile, as a share of the length."""

CURVATURE_SMOOTHING = 0.02
PROFILE_POINTS = 100


@dataclass(frozen=True, eq=False)
class Midline:
    """The curve halfway between the borders, from the tip of the rostrum to the splenium's.

    Attributes:
        points_mm: Even points, shape (STEPS + 1, 2).
        lines: The field line through each of them.
    """

    points_mm: Array
    lines: FieldLines

    @property
    def length_mm(self) -> float:
        """Length from tip to tip."""
        return float(walked_mm(self.points_mm)[-1])

    @property
    def shares(self) -> Array:
        """Share of the length up to each point, 0 to 1, shape (STEPS + 1,)."""
        walked = walked_mm(self.points_mm)
        return np.asarray(walked / walked[-1])

    def thickness_profile_mm(self, count: int = PROFILE_POINTS) -> Array:
        """Thickness in the middles of equal shares of the midline, anterior first, (count,).

        Thickness is the straight distance of the two ends of a field line. The mean of the
        profile is the mean along the whole midline.
        """
        smooth = gaussian_filter1d(self.lines.lengths_mm, SMOOTHING * STEPS, mode="reflect")
        return np.interp((np.arange(count) + 0.5) / count, self.shares, smooth)

    def mean_curvature_per_mm(self) -> float:
        """Mean of the absolute curvature; a circular arc of radius r gives 1 / r."""
        smooth = _smoothed_path(self.points_mm, CURVATURE_SMOOTHING * STEPS)
        side = np.diff(smooth, axis=0)
        turns = np.diff(np.unwrap(np.arctan2(side[:, 1], side[:, 0])))
        return float(np.abs(turns).sum() / np.linalg.norm(side, axis=1).sum())

    def bending_angle_deg(self, box: RotatedBox) -> float:
        """Angle at the top of the arch between its foremost and its hindmost point.

        Foremost and hindmost are those of the midline along the box's long axis; the top is
        the point farthest above the line through both. 180 is a straight callosum.

        Raises:
            GeometryError: `not_arched`: no point lies above.
        """
        along = box.to_frame_mm(self.points_mm)[:, 0]
        front, back = int(np.argmax(along)), int(np.argmin(along))
        anterior, posterior = self.points_mm[front], self.points_mm[back]
        base = anterior - posterior
        arch = self.points_mm[front : back + 1]
        heights = base[0] * (arch - posterior)[:, 1] - base[1] * (arch - posterior)[:, 0]
        if len(heights) == 0 or heights.max() <= 0:
            raise GeometryError("bending angle: the midline has no arch", "not_arched")
        top = arch[int(np.argmax(heights))]
        to_front, to_back = anterior - top, posterior - top
        cosine = to_front @ to_back / (np.linalg.norm(to_front) * np.linalg.norm(to_back))
        return math.degrees(math.acos(float(np.clip(cosine, -1.0, 1.0))))


def find_midline(borders: Borders) -> Midline:
    """Midline of an outline cut at its tips: the smoothed middles of its field lines.

    Raises:
        GeometryError: The borders touch or cross.
    """
    lines = find_field_lines(borders)
    walked = walked_mm(lines.middles_mm)
    even = lines.at(walked, np.linspace(0, walked[-1], STEPS + 1))
    smooth = _smoothed_path(even.middles_mm, SMOOTHING * STEPS)
    walked = walked_mm(smooth)
    return Midline(
        resampled(smooth, STEPS + 1), even.at(walked, np.linspace(0, walked[-1], STEPS + 1))
    )


def _smoothed_path(points: Array, sigma: float) -> Array:
    """Gaussian along an open path, continued through its ends by point reflection."""
    before, after = 2 * points[0] - points[:0:-1], 2 * points[-1] - points[-2::-1]
    long = gaussian_filter1d(np.vstack([before, points, after]), sigma, axis=0)
    return np.asarray(long[len(before) : len(before) + len(points)])
