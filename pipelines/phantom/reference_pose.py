"""The pose of a callosum in the patient, as a truth to hold results against.

In the plane it is made as a plan is: the box and the subcallosal line of an outline, fused half
and half. In space it is a point and two directions, so that it can be moved rigidly with the
head and then compared with a plan whose plane is tilted against the patient's axes.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

from callosal.models.arrays import Array
from callosal.pipelines.geometry.fusion import fuse
from callosal.pipelines.geometry.plane_angles import axis_difference_deg, wrap_axis_deg
from callosal.pipelines.geometry.reference_line import LineKind, ReferenceLine, find_reference_line
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.outline.contour import callosum_contour_mm
from callosal.pipelines.outline.smooth import smooth_contour_mm
from callosal.pipelines.settings import FusionSettings


@dataclass(frozen=True, eq=False)
class RigidMotion:
    """A rotation about a point followed by a shift, in patient coordinates (LPS, mm).

    Attributes:
        rotation: Rotation matrix, shape (3, 3).
        about_lps_mm: Fixed point of the rotation, shape (3,).
        shift_mm: Shift after the rotation, shape (3,).
    """

    rotation: Array
    about_lps_mm: Array
    shift_mm: Array

    @classmethod
    def of_angles(
        cls,
        pitch_deg: float,
        yaw_deg: float,
        roll_deg: float,
        about_lps_mm: ArrayLike = (0.0, 0.0, 0.0),
        shift_mm: ArrayLike = (0.0, 0.0, 0.0),
    ) -> "RigidMotion":
        """Motion by angles about the patient's axes, pitch first, then roll, then yaw.

        Args:
            pitch_deg: Turn about the left axis; positive lowers the face.
            yaw_deg: Turn about the superior axis; positive turns the face to the left.
            roll_deg: Turn about the posterior axis; positive lowers the left side.
            about_lps_mm: Fixed point of the rotation.
            shift_mm: Shift after the rotation.
        """
        turn = Rotation.from_euler("xyz", [pitch_deg, roll_deg, yaw_deg], degrees=True)
        return cls(turn.as_matrix(), np.asarray(about_lps_mm, float), np.asarray(shift_mm, float))

    @property
    def matrix(self) -> Array:
        """Homogeneous matrix from positions before to positions after, shape (4, 4)."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.rotation
        matrix[:3, 3] = self.about_lps_mm - self.rotation @ self.about_lps_mm + self.shift_mm
        return matrix


@dataclass(frozen=True, eq=False)
class ReferencePose:
    """Centre and directions of a callosum in patient coordinates (LPS, mm).

    Attributes:
        center_lps_mm: Centre of the final region, shape (3,).
        axis: Unit vector along its final angle, toward anterior, shape (3,).
        normal: Unit normal of the midsagittal plane, toward the right, shape (3,).
    """

    center_lps_mm: Array
    axis: Array
    normal: Array

    @classmethod
    def of_plane(
        cls, box: RotatedBox, line: ReferenceLine, slice_image: SliceImage
    ) -> "ReferencePose":
        """Pose of box and line, fused half and half, in the plane of a slice image."""
        roi = fuse(box, line, FusionSettings()).roi
        turn = math.radians(roi.angle_deg)
        axis = -math.cos(turn) * slice_image.row_dir - math.sin(turn) * slice_image.col_dir
        return cls(slice_image.mm_to_lps(roi.center_mm), axis, slice_image.normal)

    def moved(self, motion: RigidMotion) -> "ReferencePose":
        """The pose after the head has moved."""
        turn = motion.rotation
        center = motion.matrix[:3, :3] @ self.center_lps_mm + motion.matrix[:3, 3]
        return ReferencePose(center, turn @ self.axis, turn @ self.normal)

    def angle_deg(self, row_dir: ArrayLike, col_dir: ArrayLike) -> float:
        """Tilt of the axis, projected on a plane, in that plane's own frame.

        A plane that is tilted against the patient has no unique x axis, so an angle can only be
        compared in the frame of the slice that it was measured on.

        Args:
            row_dir: Unit vector along the slice's rows, toward posterior, shape (3,).
            col_dir: Unit vector down its columns, toward inferior, shape (3,).

        Returns:
            Angle in (-90, 90], positive when the anterior end is higher.
        """
        x, y = -self.axis @ np.asarray(row_dir, float), -self.axis @ np.asarray(col_dir, float)
        return wrap_axis_deg(math.degrees(math.atan2(y, x)))

    def angle_error_deg(self, angle_deg: float, row_dir: ArrayLike, col_dir: ArrayLike) -> float:
        """Signed error in (-90, 90] of a final angle measured in the frame of a slice."""
        return axis_difference_deg(angle_deg, self.angle_deg(row_dir, col_dir))

    def center_error_mm(self, center_lps_mm: ArrayLike) -> float:
        """Distance in space of a centre from the true one."""
        return float(np.linalg.norm(np.asarray(center_lps_mm, float) - self.center_lps_mm))

    def plane_error_deg(self, normal: ArrayLike) -> float:
        """Angle between a plane and the true midsagittal plane, 0 to 90."""
        cosine = abs(float(self.normal @ np.asarray(normal, float)))
        return math.degrees(math.acos(min(1.0, cosine)))


def measured_box_and_line(
    probability: NDArray[np.floating], slice_image: SliceImage
) -> tuple[RotatedBox, ReferenceLine]:
    """Box and subcallosal line of the callosum in a probability map.

    Args:
        probability: Map on the grid of the slice image, 0 to 1, shape (H, W).
        slice_image: Gives spacing and place.

    Raises:
        GeometryError: Nothing reaches 0.5, or the outline is degenerate.
    """
    contour = smooth_contour_mm(callosum_contour_mm(probability, slice_image))
    box = RotatedBox.around(contour)
    return box, find_reference_line(LineKind.SUBCALLOSAL, contour, box)
