import math

import numpy as np
import pytest

from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.phantom import Arch, arch_phantom
from callosal.pipelines.phantom.reference_pose import (
    ReferencePose,
    RigidMotion,
    measured_box_and_line,
)

ROW, COLUMN = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, -1.0])


@pytest.fixture(scope="module")
def pose():
    coverage = arch_phantom(Arch(tilt_deg=-6.0), (120, 120), (1.0, 1.0))
    frame = SliceImage(coverage, (1.0, 1.0), np.array([1.0, 20.0, 30.0]), ROW, COLUMN)
    return ReferencePose.of_plane(*measured_box_and_line(coverage, frame), frame)


def test_pose_of_an_arch_is_the_mean_of_box_and_line(pose):
    arch = Arch(tilt_deg=-6.0)
    assert pose.angle_deg(ROW, COLUMN) == pytest.approx(-6.0, abs=0.2)
    box_to_final = arch.box_size_mm[1] / 4
    tilt = math.radians(-6.0)
    x, y = box_to_final * math.sin(tilt), -box_to_final * math.cos(tilt)
    assert pose.center_lps_mm == pytest.approx([1.0, 20.0 - x, 30.0 + y], abs=0.3)
    assert pose.normal == pytest.approx([-1, 0, 0])


def test_positive_pitch_lowers_the_face_by_its_angle(pose):
    moved = pose.moved(RigidMotion.of_angles(12.5, 0, 0))
    before = pose.angle_deg(ROW, COLUMN)
    assert moved.angle_deg(ROW, COLUMN) == pytest.approx(before - 12.5, abs=1e-9)
    assert moved.plane_error_deg(pose.normal) == pytest.approx(0, abs=1e-5)


def test_yaw_turns_the_face_left_and_roll_lowers_the_left_side():
    yaw = RigidMotion.of_angles(0, 10, 0).rotation
    assert (yaw @ [0, -1, 0])[0] > 0
    roll = RigidMotion.of_angles(0, 0, 10).rotation
    assert (roll @ [1, 0, 0])[2] < 0


def test_motion_keeps_its_fixed_point_but_for_the_shift(pose):
    motion = RigidMotion.of_angles(10, 5, -4, about_lps_mm=(3, 4, 5), shift_mm=(1, -2, 0.5))
    assert (motion.matrix @ [3, 4, 5, 1])[:3] == pytest.approx([4, 2, 5.5])
    assert motion.rotation @ motion.rotation.T == pytest.approx(np.eye(3))
    moved = pose.moved(motion)
    assert moved.plane_error_deg(pose.normal) == pytest.approx(
        math.degrees(math.acos(motion.rotation[0, 0])), abs=1e-6
    )


def test_errors_are_those_put_in(pose):
    true = pose.angle_deg(ROW, COLUMN)
    assert pose.angle_error_deg(true + 0.7, ROW, COLUMN) == pytest.approx(0.7)
    assert pose.center_error_mm(np.add(pose.center_lps_mm, (0, 3, 4))) == pytest.approx(5)
    assert pose.plane_error_deg(-pose.normal) == pytest.approx(0, abs=1e-5)


def test_angle_does_not_change_when_head_and_slice_move_together(pose):
    motion = RigidMotion.of_angles(12.5, 6, -4)
    rows, columns = motion.rotation @ ROW, motion.rotation @ COLUMN
    expected = pose.angle_deg(ROW, COLUMN)
    assert pose.moved(motion).angle_deg(rows, columns) == pytest.approx(expected)
