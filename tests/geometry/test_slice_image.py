import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callosal.pipelines.geometry.slice_image import SliceImage

COORDINATE = st.floats(-500, 500)


def _slice(shape=(5, 9), spacing_mm=(0.5, 1.2)) -> SliceImage:
    return SliceImage(
        np.zeros(shape, np.float32),
        spacing_mm,
        np.array([10.0, 20.0, 30.0]),
        np.array([0.0, 1.0, 0.0]),
        np.array([0.0, 0.0, -1.0]),
    )


def test_the_image_centre_is_the_origin_of_mm() -> None:
    assert _slice().pixels_to_mm([2, 4]).tolist() == [0, 0]
    assert _slice().mm_to_lps([0, 0]).tolist() == [10, 20, 30]


def test_x_is_anterior_and_y_superior_in_mm() -> None:
    place = _slice()
    # One column to the left is anterior, one row up superior.
    assert place.pixels_to_mm([1, 3]) == pytest.approx([1.2, 0.5])
    # In LPS anterior is -y and superior +z.
    assert place.mm_to_lps([1.2, 0.5]) == pytest.approx([10, 18.8, 30.5])
    assert place.normal.tolist() == [-1, 0, 0]


@given(COORDINATE, COORDINATE)
def test_pixels_mm_and_lps_round_trip(row: float, column: float) -> None:
    place = _slice()
    xy = place.pixels_to_mm([row, column])
    assert place.mm_to_pixels(xy) == pytest.approx([row, column], abs=1e-9)
    assert place.lps_to_mm(place.mm_to_lps(xy)) == pytest.approx(xy.tolist(), abs=1e-9)


@given(st.integers(0, 4), st.integers(0, 8))
def test_the_affine_places_every_pixel(row: int, column: int) -> None:
    place = _slice()
    by_affine = place.affine_lps @ [row, column, 0, 1]
    assert by_affine[:3] == pytest.approx(place.pixels_to_lps([row, column]).tolist())
