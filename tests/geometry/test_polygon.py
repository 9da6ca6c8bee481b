import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callosal.models.errors import GeometryError
from callosal.pipelines.geometry import polygon
from callosal.pipelines.geometry.plane_angles import rotated_mm

RECTANGLE = np.array([(0.0, 0), (6, 0), (6, 2), (0, 2)])


def test_moments_of_a_rectangle_are_the_textbook_ones():
    assert polygon.area_mm2(RECTANGLE) == 12
    assert polygon.area_mm2(RECTANGLE[::-1]) == -12
    np.testing.assert_allclose(polygon.centroid_mm(RECTANGLE), [3, 1])
    np.testing.assert_allclose(
        polygon.covariance_mm2(RECTANGLE), np.diag([36 / 12, 4 / 12]), atol=1e-12
    )


@given(st.floats(-180, 180), st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_moments_move_with_the_polygon_and_ignore_its_direction(degrees, x, y):
    moved = rotated_mm(RECTANGLE, (0, 0), degrees) + np.array([x, y])
    matrix = rotated_mm(np.eye(2), (0, 0), degrees).T
    assert polygon.area_mm2(moved) == pytest.approx(12)
    for points in (moved, moved[::-1]):
        np.testing.assert_allclose(polygon.centroid_mm(points), matrix @ [3, 1] + [x, y], atol=1e-9)
        np.testing.assert_allclose(
            polygon.covariance_mm2(points), matrix @ np.diag([3, 1 / 3]) @ matrix.T, atol=1e-8
        )


@pytest.mark.parametrize(
    "points",
    [np.zeros((0, 2)), np.zeros((1, 2)), np.ones((5, 2)), np.array([(0, 0), (1, 1), (2, 2)])],
)
def test_what_has_no_area_has_no_hull_and_no_moments(points):
    with pytest.raises(GeometryError) as caught:
        polygon.convex_hull_mm(points)
    assert caught.value.code == "degenerate_contour"
    with pytest.raises(GeometryError):
        polygon.centroid_mm(points)


def test_points_that_are_not_finite_are_refused():
    with pytest.raises(GeometryError) as caught:
        polygon.convex_hull_mm(np.array([(0, 0), (1, 0), (np.nan, 1), (0, 1)]))
    assert caught.value.code == "not_finite"


def test_clipping_keeps_the_common_part():
    shifted = RECTANGLE + np.array([5, 1])
    assert polygon.area_mm2(polygon.clip_convex(RECTANGLE, shifted)) == pytest.approx(1)
    assert len(polygon.clip_convex(RECTANGLE, RECTANGLE + np.array([50, 0]))) == 0
