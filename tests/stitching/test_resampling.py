"""Voxels on another grid, and which of them a station covers."""

import numpy as np
import pytest
from highdicom import Volume

from callosal.pipelines.stitching.resampling import (
    cubic_weights,
    depth_in_rows,
    linear_weights,
    resampled,
)
from tests.stitching.grids import sagittal


def _ramp(shape: tuple[int, int, int]) -> np.ndarray:
    slices, rows, columns = np.meshgrid(*map(np.arange, shape), indexing="ij")
    return np.asarray(100 + 10.0 * slices + 2.0 * rows + 3.0 * columns)


def test_its_own_grid_gives_its_own_voxels() -> None:
    station = sagittal(_ramp((3, 12, 10)))
    values, covered = resampled(station, station.get_geometry())
    assert np.allclose(values, station.array, atol=1e-3)
    assert covered.all()


def test_a_ramp_stays_a_ramp_on_finer_and_shifted_voxels() -> None:
    station = sagittal(_ramp((3, 12, 10)))
    grid = sagittal(np.zeros((3, 10, 10)), (0, 2.25, -3.5), (4.0, 0.5, 0.5))
    values, covered = resampled(station, grid.get_geometry())
    assert covered.all()
    expected = 100 + 10 * np.arange(3)[:, None, None] + 2 * (3.5 + 0.5 * np.arange(10)[:, None])
    assert np.allclose(values, expected + 3 * (2.25 + 0.5 * np.arange(10)), atol=0.01)


def test_beyond_its_outer_voxels_nothing_is_covered() -> None:
    station = sagittal(_ramp((3, 12, 10)))
    grid = sagittal(np.zeros((3, 20, 10)), (0, 0, 4))
    values, covered = resampled(station, grid.get_geometry())
    assert np.array_equal(covered.any(axis=(0, 2)), (np.arange(20) >= 4) & (np.arange(20) < 16))
    assert not values[:, :4].any()


def test_a_turned_grid_reads_the_same_places() -> None:
    station = sagittal(_ramp((3, 40, 40)))
    turn = np.radians(10)
    affine = station.affine.copy()
    rows, columns = affine[:3, 1].copy(), affine[:3, 2].copy()
    affine[:3, 1] = np.cos(turn) * rows + np.sin(turn) * columns
    affine[:3, 2] = np.cos(turn) * columns - np.sin(turn) * rows
    affine[:3, 3] = station.map_indices_to_reference(np.array([[0, 12, 14]]))[0]
    grid = Volume(np.zeros((3, 10, 10), np.float32), affine, "PATIENT").get_geometry()
    values, covered = resampled(station, grid)
    assert covered.all()
    at = station.map_reference_to_indices(grid.map_indices_to_reference(np.array([[1, 6, 7]])))[0]
    assert values[1, 6, 7] == pytest.approx(100 + at @ [10, 2, 3], abs=0.05)


def test_weights_sum_to_one_and_read_the_ends_again() -> None:
    places = np.array([-3.0, -0.4, 2.5, 4.0, 9.0])
    for weights in (cubic_weights(places, 5), linear_weights(places, 5)):
        assert np.allclose(weights.sum(axis=1), 1)
        read = weights @ np.arange(5.0)
        assert (read[0], read[3], read[4]) == pytest.approx((0, 4, 4))
        assert read[2] == pytest.approx(2.5)


def test_depth_counts_from_the_outer_borders() -> None:
    station = sagittal(np.zeros((3, 12, 10)))
    below_top, above_bottom = depth_in_rows(station, station.get_geometry())
    assert below_top[0, 0, 0] == pytest.approx(0.5)
    assert above_bottom[0, 0, 0] == pytest.approx(11.5)
    assert np.allclose(below_top + above_bottom, 12)
