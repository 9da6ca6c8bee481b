import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.fusion import agreement, axial_mean_deg, fuse
from callosal.pipelines.geometry.plane_angles import axis_difference_deg, rotated_mm
from callosal.pipelines.geometry.reference_line import LineKind, ReferenceLine
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.settings import FusionSettings

axis = st.floats(-89.999, 90)


def pair(box_center, box_angle, line_center, line_angle):
    """Box and line of given poses, of any length."""
    box = RotatedBox(box_center, (70, 25), box_angle)
    half = np.array([25 * np.cos(np.radians(line_angle)), 25 * np.sin(np.radians(line_angle))])
    line = ReferenceLine(LineKind.SUBCALLOSAL, tuple(line_center + half), tuple(line_center - half))
    return box, line


# Pairs that the former system logged, and what it made of them, to five decimals.
LOGGED_ANGLES = [
    (-6.520, -5.024, -5.772),
    (-3.87863, -2.57344, -3.22603),
    (-1.59119, -7.7654, -4.67829),
]
LOGGED_CENTERS = [
    ((-24.74, -10.36), (-25.5, -17), (-25.12, -13.68)),
    ((-19.9649, 42.2629), (-20, 41), (-19.9825, 41.6315)),
]


@pytest.mark.parametrize(("box_angle", "line_angle", "final"), LOGGED_ANGLES)
def test_angles_fuse_as_in_the_former_system(box_angle, line_angle, final):
    box, line = pair((0, 0), box_angle, np.zeros(2), line_angle)
    fused = fuse(box, line, FusionSettings()).roi.angle_deg
    assert fused == pytest.approx(final, abs=1.01e-5)  # the log was cut, not rounded
    assert fused == pytest.approx((box_angle + line_angle) / 2, abs=1e-9)


@pytest.mark.parametrize(("box_center", "line_center", "final"), LOGGED_CENTERS)
def test_centres_fuse_as_in_the_former_system(box_center, line_center, final):
    box, line = pair(box_center, -4, np.array(line_center), -5)
    np.testing.assert_allclose(fuse(box, line, FusionSettings()).roi.center_mm, final, atol=1e-4)


@given(axis, axis, st.floats(0, 1))
def test_the_mean_of_two_axes_lies_between_them_and_ignores_their_order(first, second, weight):
    mean = axial_mean_deg(first, second, weight)
    apart = abs(axis_difference_deg(first, second))
    assert -90 < mean <= 90
    assert abs(axis_difference_deg(mean, second)) == pytest.approx(weight * apart, abs=1e-6)
    if apart < 89.9:
        other = axial_mean_deg(second, first, 1 - weight)
        assert axis_difference_deg(mean, other) == pytest.approx(0, abs=1e-6)


def test_axes_across_the_vertical_average_to_the_vertical():
    assert axial_mean_deg(89, -89) == 90
    assert axial_mean_deg(-80, 60) == pytest.approx(80)


@given(st.floats(-60, 60), st.floats(-40, 40), st.floats(-20, 20), st.floats(0, 1))
def test_fusion_turns_with_the_patient(degrees, x, line_angle, weight):
    settings = FusionSettings(box_weight=weight)
    box, line = pair((x, 3), -8, np.array([x + 2, -8]), line_angle)
    turned_box = box.rotated_about((0, 0), degrees)
    turned_line = ReferenceLine(
        line.kind,
        tuple(rotated_mm(line.start_mm, (0, 0), degrees)),
        tuple(rotated_mm(line.end_mm, (0, 0), degrees)),
    )
    turned, expected = fuse(turned_box, turned_line, settings), fuse(box, line, settings)
    assert turned.roi.iou(expected.roi.rotated_about((0, 0), degrees)) > 1 - 1e-6
    assert agreement(turned_box, turned_line, settings) == pytest.approx(
        agreement(box, line, settings), abs=1e-6
    )


def test_all_weight_on_one_gives_that_one():
    box, line = pair((1, 2), -8, np.array([3, -9]), -2)
    only_box = fuse(box, line, FusionSettings(box_weight=1, margin_mm=0)).roi
    assert only_box.iou(box) == pytest.approx(1)
    only_line = fuse(box, line, FusionSettings(box_weight=0)).roi
    assert only_line.angle_deg == pytest.approx(-2)
    np.testing.assert_allclose(only_line.center_mm, (3, -9))


def test_the_size_is_the_box_with_its_margin():
    box, line = pair((1, 2), -8, np.array([3, -9]), -2)
    assert fuse(box, line, FusionSettings(margin_mm=4)).roi.size_mm == (78, 33)


def test_agreement_falls_with_angle_and_shift_but_not_with_depth():
    settings = FusionSettings()
    deep = agreement(*pair((0, 0), 0, np.array([0, -15]), 0), settings)
    turned = agreement(*pair((0, 0), 0, np.array([0, -15]), 12), settings)
    shifted = agreement(*pair((0, 0), 0, np.array([12, -15]), 0), settings)
    across = agreement(*pair((0, 0), 0, np.array([0, -15]), 90), settings)
    assert deep == pytest.approx(1)
    assert 0.1 < turned < 0.5
    assert 0.1 < shifted < 0.5
    assert across < 1e-6


def test_a_weight_beyond_one_is_refused():
    with pytest.raises(GeometryError) as caught:
        FusionSettings(box_weight=1.5)
    assert caught.value.code == "bad_weight"
