import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.plane_angles import axis_difference_deg
from callosal.pipelines.geometry.roi_image import (
    box_from_lps,
    box_from_pixels,
    corners_lps_mm,
    corners_pixels,
    field_of_view,
    resample_roi,
)
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage

BOX = RotatedBox((5, -8), (60, 25), -12)


def oblique_slice(pixels, spacing_mm=(0.5, 1.2)):
    turn = Rotation.from_euler("xyz", [4, -7, 20], degrees=True)
    return SliceImage(
        pixels.astype(np.float32),
        spacing_mm,
        np.array([3.0, -20, 41]),
        turn.apply([0, 1, 0]),
        turn.apply([0, 0, -1]),
    )


@given(st.floats(-80, 80), st.floats(-20, 20), st.floats(-20, 20))
def test_a_box_survives_the_way_through_pixels_and_patient(degrees, x, y):
    box = RotatedBox((x, y), (60, 25), degrees)
    slice_image = oblique_slice(np.zeros((200, 90)))
    for back in (
        box_from_pixels(corners_pixels(box, slice_image), slice_image),
        box_from_lps(corners_lps_mm(box, slice_image), slice_image),
    ):
        np.testing.assert_allclose(back.center_mm, box.center_mm, atol=1e-6)
        np.testing.assert_allclose(back.size_mm, box.size_mm, atol=1e-6)
        assert axis_difference_deg(back.angle_deg, degrees) == pytest.approx(0, abs=1e-5)


def test_sides_in_the_patient_have_the_length_of_the_box():
    corners = corners_lps_mm(BOX, oblique_slice(np.zeros((200, 90))))
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    np.testing.assert_allclose(sides, [60, 25, 60, 25])


def test_the_field_of_view_reaches_to_the_borders_of_the_outer_pixels():
    assert field_of_view(oblique_slice(np.zeros((200, 90)))).size_mm == (108, 100)


def test_the_image_in_a_box_shows_the_same_patient_positions():
    rows, columns = np.mgrid[:200, :90]
    slice_image = oblique_slice(3.0 * rows + 7.0 * columns)
    upright = resample_roi(slice_image, BOX, 0.8)
    assert upright.pixels.shape == (32, 75)
    for pixel in [(0, 0), (31, 74), (12, 40)]:
        row, column = slice_image.mm_to_pixels(
            slice_image.lps_to_mm(upright.pixels_to_lps(np.array(pixel)))
        )
        assert upright.pixels[pixel] == pytest.approx(3 * row + 7 * column, rel=1e-5)
    np.testing.assert_allclose(upright.normal, slice_image.normal, atol=1e-12)


def test_the_box_lies_level_in_its_own_image():
    slice_image = oblique_slice(np.zeros((200, 90)))
    upright = resample_roi(slice_image, BOX, 1.0)
    level = box_from_lps(corners_lps_mm(BOX, slice_image), upright)
    assert level.angle_deg == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(level.center_mm, 0, atol=1e-9)


def test_a_spacing_of_nothing_is_refused():
    with pytest.raises(GeometryError) as caught:
        resample_roi(oblique_slice(np.zeros((9, 9))), BOX, 0)
    assert caught.value.code == "bad_spacing"
