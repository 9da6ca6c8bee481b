"""The grid over all stations, its parts, and how stations lie on it."""

import numpy as np
import pytest
from highdicom import Volume

from callosal.models.errors import InputError
from callosal.pipelines.stitching.common_grid import (
    common_grid,
    moved,
    part_of_grid,
    plane_of,
    reach_mm,
    tilt_deg,
    upright,
    window_of,
)
from tests.stitching.grids import sagittal

UPPER = sagittal(np.zeros((3, 100, 40)))
LOWER = sagittal(np.zeros((3, 80, 60)), (0, -10, -80))


def test_the_grid_reaches_over_all_stations() -> None:
    grid = common_grid([UPPER, LOWER], 0)
    assert grid.spatial_shape == (3, 160, 60)
    assert np.allclose(grid.spacing, (4, 1, 1))
    assert np.allclose(grid.map_indices_to_reference(np.zeros((1, 3)))[0], (0, -10, 0))


def test_the_finest_pixels_win_and_the_reference_keeps_its_voxels() -> None:
    fine = sagittal(np.zeros((5, 100, 80)), (0.3, 0.2, -70.1), (3.0, 0.7, 0.7))
    grid = common_grid([UPPER, fine], 1)
    assert np.allclose(grid.spacing, (3, 0.7, 0.7))
    at = grid.map_reference_to_indices(fine.map_indices_to_reference(np.zeros((1, 3))))[0]
    assert np.allclose(at, np.round(at), atol=1e-6)


def test_a_part_lies_where_it_was() -> None:
    grid = common_grid([UPPER, LOWER], 0)
    part = part_of_grid(grid, (1, 20, 5), (3, 50, 25))
    assert part.spatial_shape == (2, 30, 20)
    places = [g.map_indices_to_reference(np.array([i]))[0]
              for g, i in ((grid, [1, 20, 5]), (part, [0, 0, 0]))]  # fmt: skip
    assert np.allclose(*places)


def test_a_window_is_where_a_station_lies_cut_at_the_grid() -> None:
    grid = common_grid([UPPER, LOWER], 0)
    assert window_of(grid, LOWER) == ([0, 80, 0], [3, 160, 60])
    assert window_of(grid, moved(LOWER, np.array([0, 0, -30.0]))) == ([0, 110, 0], [3, 160, 60])
    low, high = window_of(grid, moved(LOWER, np.array([0, 0, -300.0])))
    assert high[1] <= low[1]


def test_reach_counts_outer_pixels() -> None:
    assert reach_mm(UPPER, np.array([0, 0, 1.0])) == (-99.5, 0.5)


def test_a_station_of_any_order_is_set_upright() -> None:
    values = np.random.default_rng(0).random((3, 20, 10)).astype(np.float32)
    station = sagittal(values)
    turned = upright(station.flip_spatial([0, 1]).permute_spatial_axes((0, 2, 1)))
    assert np.array_equal(turned.array, values)
    assert np.allclose(turned.affine, station.affine)


def test_axial_slices_are_refused_and_a_turn_is_measured() -> None:
    axial = Volume(
        np.zeros((3, 4, 5), np.float32), np.diag([1.0, 1, 4, 1])[[2, 1, 0, 3]], "PATIENT"
    )
    assert plane_of(axial) == "axial"
    with pytest.raises(InputError) as refused:
        upright(axial)
    assert refused.value.code == "not_along_table"
    turn = np.radians(7)
    rotation = np.eye(4)
    rotation[1:3, 1:3] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    tilted = Volume(UPPER.array, rotation @ UPPER.affine, "PATIENT")
    assert tilt_deg(UPPER, tilted) == pytest.approx(7)
