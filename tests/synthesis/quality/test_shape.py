import numpy as np
import pytest

from callosal.pipelines.datasets.slice_bank import LabelledSlice
from callosal.pipelines.synthesis.quality.shape import (
    SHAPES,
    compare,
    in_one_piece,
    shape_of,
    shapes_of,
)
from tests.synthesis.quality.phantoms import phantom_set, turned


def test_area_and_tilt_are_those_of_the_mask() -> None:
    (labelled,) = phantom_set(3, 1, side=128)
    found = shape_of(labelled)
    assert found["area_mm2"] == pytest.approx(labelled.mask.sum() * 4, rel=0.06)
    assert shape_of(turned(labelled, 12, 1.0))["tilt_deg"] - found["tilt_deg"] == pytest.approx(
        12, abs=1.0
    )


def test_what_could_not_be_measured_is_left_out_and_counted() -> None:
    found = shapes_of(phantom_set(0, 3))
    assert set(found) == set(SHAPES)
    areas = found["area_mm2"]
    assert compare(np.r_[areas, np.nan], areas)["unmeasured"] == 1
    assert compare(np.r_[areas, np.nan], areas)["ks"] == 0
    assert compare(np.array([np.nan]), areas)["ks"] is None


def test_a_single_pixel_is_measured_without_a_warning() -> None:
    mask = np.zeros((64, 64), np.uint8)
    mask[30, 30] = 1
    dot = shape_of(LabelledSlice("dot", "", mask.astype("f4"), mask, (1.0, 1.0)))
    assert 0 < dot["area_mm2"] < 1


def test_distances_of_shifted_samples() -> None:
    values = np.linspace(0, 1, 50)
    assert compare(values, values)["ks"] == 0
    shifted = compare(values + 2, values)
    assert shifted["ks"] == 1
    assert shifted["wasserstein"] == pytest.approx(2)


def test_pieces_count_corners_as_touching() -> None:
    mask = np.eye(4, dtype=np.uint8)
    assert in_one_piece(mask)
    mask[0, 3] = 1
    assert not in_one_piece(mask)
