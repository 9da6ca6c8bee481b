import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.plane_angles import axis_difference_deg, rotated_mm
from callosal.pipelines.geometry.rotated_box import RotatedBox

coordinate = st.floats(-100, 100)
angle = st.floats(-180, 180)
boxes = st.builds(
    RotatedBox,
    st.tuples(coordinate, coordinate),
    st.tuples(st.floats(1, 100), st.floats(1, 100)),
    angle,
)
CLOUD = np.random.default_rng(11).normal(size=(60, 2)) * [30, 8]


@given(boxes)
def test_a_box_is_found_again_from_its_corners(box):
    assume(box.size_mm[0] > 1.01 * box.size_mm[1])
    found = RotatedBox.around(box.corners_mm)
    np.testing.assert_allclose(found.center_mm, box.center_mm, atol=1e-6)
    np.testing.assert_allclose(found.size_mm, box.size_mm, atol=1e-6)
    assert axis_difference_deg(found.angle_deg, box.angle_deg) == pytest.approx(0, abs=1e-5)


@given(angle, coordinate, coordinate, st.floats(0.1, 10))
def test_the_box_around_points_turns_shifts_and_grows_with_them(degrees, x, y, factor):
    box = RotatedBox.around(CLOUD)
    moved = RotatedBox.around(rotated_mm(CLOUD * factor, (x, y), degrees))
    expected = RotatedBox(
        tuple(rotated_mm(np.array(box.center_mm) * factor, (x, y), degrees)),
        box.scaled(factor).size_mm,
        box.angle_deg + degrees,
    )
    np.testing.assert_allclose(moved.center_mm, expected.center_mm, atol=1e-6)
    np.testing.assert_allclose(moved.size_mm, expected.size_mm, rtol=1e-9)
    assert axis_difference_deg(moved.angle_deg, expected.angle_deg) == pytest.approx(0, abs=1e-6)


def test_a_mirror_image_has_the_mirrored_box():
    box, mirrored = RotatedBox.around(CLOUD), RotatedBox.around(CLOUD * [-1, 1])
    assert mirrored.angle_deg == pytest.approx(-box.angle_deg)
    assert mirrored.center_mm == pytest.approx((-box.center_mm[0], box.center_mm[1]))
    assert mirrored.size_mm == pytest.approx(box.size_mm)


@given(hnp.arrays(float, (12, 2), elements=st.floats(-50, 50)))
def test_the_box_holds_all_points_and_no_sampled_box_is_smaller(points):
    try:
        box = RotatedBox.around(points)
    except GeometryError:
        assume(False)
    assert box.scaled(1 + 1e-6).with_margin(1e-6).contains(points).all()
    for degrees in range(0, 90, 5):
        sampled_mm2 = np.ptp(rotated_mm(points, (0, 0), degrees), axis=0).prod()
        # Qhull takes points 1e-7 mm apart for one: a side may be off by as much.
        assert box.area_mm2 <= sampled_mm2 * (1 + 1e-8) + 1e-6


def test_points_closer_than_any_pixel_are_one_spot():
    points = [(1.8e-306, 0.0), (0.0, 0.0), (0.0, 2.9e-271), (0.0, 0.0)]
    with pytest.raises(GeometryError) as caught:
        RotatedBox.around(points)
    assert caught.value.code == "degenerate_contour"


@given(boxes, boxes)
def test_iou_is_a_symmetric_share(one, other):
    share = one.iou(other)
    assert 0 <= share <= 1
    assert share == pytest.approx(other.iou(one), abs=1e-9)
    assert one.iou(one) == pytest.approx(1)


def test_iou_of_crossed_boxes_by_hand():
    upright = RotatedBox((0, 0), (4, 2), 90)
    assert RotatedBox((0, 0), (4, 2), 0).iou(upright) == pytest.approx(4 / 12)
    assert upright.iou(upright.moved((50, 0))) == 0


@given(boxes, angle, coordinate, coordinate)
def test_turning_there_and_back_changes_nothing(box, degrees, x, y):
    back = box.rotated_about((x, y), degrees).rotated_about((x, y), -degrees)
    assert back.iou(box) == pytest.approx(1, abs=1e-6)
    turned = box.rotated_about((x, y), degrees)
    assert math.dist(turned.center_mm, (x, y)) == pytest.approx(math.dist(box.center_mm, (x, y)))


def test_dragging_turns_the_box_about_its_own_centre():
    box = RotatedBox((5, 5), (20, 10), 10).dragged((15, 5), (5, 25))
    assert box.center_mm == (5, 5)
    assert box.angle_deg == pytest.approx(-80)


def test_the_long_axis_comes_first_after_every_change():
    assert RotatedBox((0, 0), (10, 30), 20).size_mm == (30, 10)
    assert RotatedBox((0, 0), (10, 30), 20).angle_deg == -70


def test_clipping_keeps_the_tilt_and_stays_around_what_is_in_the_field():
    field = RotatedBox((0, 0), (40, 40), 0)
    tilted = RotatedBox((15, 0), (30, 6), 20)
    clipped = tilted.clipped(field)
    assert clipped.angle_deg == pytest.approx(20)
    assert clipped.area_mm2 < tilted.area_mm2
    inside = RotatedBox((1, 2), (10, 5), 33)
    assert inside.clipped(field).iou(inside) == pytest.approx(1)
    with pytest.raises(GeometryError) as caught:
        RotatedBox((100, 0), (10, 5), 0).clipped(field)
    assert caught.value.code == "outside_field"


@pytest.mark.parametrize(
    ("size", "angle_deg", "code"),
    [((0, 4), 0, "degenerate_box"), ((-1, 4), 0, "degenerate_box"),
     ((4, 2), math.nan, "not_finite"), ((math.inf, 2), 0, "not_finite")],
)  # fmt: skip
def test_impossible_boxes_are_refused(size, angle_deg, code):
    with pytest.raises(GeometryError) as caught:
        RotatedBox((0, 0), size, angle_deg)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "points", [np.zeros((0, 2)), np.ones((1, 2)), np.ones((9, 2)), np.outer(np.arange(9), [1, 2])]
)
def test_points_without_extent_have_no_box(points):
    with pytest.raises(GeometryError) as caught:
        RotatedBox.around(points)
    assert caught.value.code == "degenerate_contour"
