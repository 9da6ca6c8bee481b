"""The one grid that all stations of an exam are brought to."""

import math
from collections.abc import Sequence

import numpy as np
from highdicom import CoordinateSystemNames, Volume, VolumeGeometry
from numpy.typing import NDArray

from callosal.models.errors import InputError

MAX_TILT_DEG = 20.0
"""Slices of two stations may lie at so large an angle to each other; more is another orientation.
"""

SAGITTAL, CORONAL, AXIAL = "sagittal", "coronal", "axial"
_PLANES = (SAGITTAL, CORONAL, AXIAL)
_DIRECTIONS = {SAGITTAL: ("R", "F", "P"), CORONAL: ("P", "F", "L")}
"""Toward which side slices, rows and columns grow, as pictures show them."""

Array = NDArray[np.float64]
Grid = Volume | VolumeGeometry


def plane_of(geometry: Grid) -> str:
    """Orientation of the slices (array axis 0): sagittal, coronal or axial."""
    normal = np.cross(geometry.direction[:, 1], geometry.direction[:, 2])
    return _PLANES[int(np.abs(normal).argmax())]


def upright(volume: Volume) -> Volume:
    """A station with its slices, rows and columns in the order that pictures have.

    Rows run toward the feet; columns toward the back (sagittal) or the left (coronal).

    Args:
        volume: Axes (slice, row, column).

    Raises:
        InputError: Its slices are axial, which do not lie along the table
            (`not_along_table`).
    """
    plane = plane_of(volume)
    if plane == AXIAL:
        raise InputError(
            "axial slices: only sagittal and coronal stations are joined along the table",
            "not_along_table",
        )
    return volume.to_patient_orientation(_DIRECTIONS[plane])


def upright_geometry(geometry: VolumeGeometry) -> VolumeGeometry:
    """The same for the grid alone; axial ones stay as they are."""
    plane = plane_of(geometry)
    return geometry if plane == AXIAL else geometry.to_patient_orientation(_DIRECTIONS[plane])


def tilt_deg(first: Grid, second: Grid) -> float:
    """Angle by which one station's grid is turned against another's."""
    turn = np.asarray(first.direction).T @ np.asarray(second.direction)
    return math.degrees(math.acos(float(np.clip((np.trace(turn) - 1) / 2, -1, 1))))


def reach_mm(geometry: Grid, axis: Array) -> tuple[float, float]:
    """First and last place of a station along a direction, outer pixels included."""
    ends = np.array([[-0.5, n - 0.5] for n in geometry.spatial_shape])
    corners = np.stack(np.meshgrid(*ends, indexing="ij"), axis=-1).reshape(-1, 3)
    along = geometry.map_indices_to_reference(corners) @ axis
    return float(along.min()), float(along.max())


def common_grid(stations: Sequence[Grid], reference: int) -> VolumeGeometry:
    """A grid over all stations: directions of one of them, the finest pixels of all.

    The voxels of the reference are voxels of the grid where its pixels are the finest.

    Args:
        stations: As `upright` gives them.
        reference: Whose directions and whose slices are taken.
    """
    base = stations[reference]
    spacing = np.min([np.asarray(one.spacing) for one in stations], axis=0)
    directions = np.asarray(base.direction)
    first = np.asarray(base.map_indices_to_reference(np.zeros((1, 3))))[0]
    low, counts = [], []
    for axis in range(3):
        along = directions[:, axis]
        reaches = np.array([reach_mm(one, along) for one in stations]) - first @ along
        if axis == 0:
            # The stations' middle slices say how far sideways they go; a tilt does not widen it.
            middle = [_middle_reach(one, along) for one in stations]
            reaches = np.array(middle) - first @ along
        start = math.ceil(reaches[:, 0].min() / spacing[axis] - 1e-3)
        end = math.floor(reaches[:, 1].max() / spacing[axis] + 1e-3)
        low.append(start)
        counts.append(end - start + 1)
    affine = np.eye(4)
    affine[:3, :3] = directions * spacing
    affine[:3, 3] = first + affine[:3, :3] @ np.array(low)
    return VolumeGeometry(
        affine,
        (counts[0], counts[1], counts[2]),
        CoordinateSystemNames.PATIENT,
        base.frame_of_reference_uid,
    )


def _middle_reach(geometry: Grid, axis: Array) -> tuple[float, float]:
    """First and last place of the slices' middles along a direction, half a slice included."""
    n, rows, columns = geometry.spatial_shape
    row, column = (rows - 1) / 2, (columns - 1) / 2
    middles = [[-0.5, row, column], [n - 0.5, row, column]]
    along = geometry.map_indices_to_reference(np.array(middles)) @ axis
    return float(along.min()), float(along.max())


def part_of_grid(grid: VolumeGeometry, start: Sequence[int], stop: Sequence[int]) -> VolumeGeometry:
    """The voxels of a grid from one index up to another."""
    affine = grid.affine.copy()
    affine[:3, 3] = grid.map_indices_to_reference(np.array([start]))[0]
    shape = tuple(int(b - a) for a, b in zip(start, stop, strict=True))
    return VolumeGeometry(
        affine, (shape[0], shape[1], shape[2]), CoordinateSystemNames.PATIENT,
        grid.frame_of_reference_uid,
    )  # fmt: skip


def moved(geometry: Grid, by_lps_mm: Array) -> VolumeGeometry:
    """A grid at another place."""
    affine = geometry.affine.copy()
    affine[:3, 3] += by_lps_mm
    return VolumeGeometry(
        affine, geometry.spatial_shape, CoordinateSystemNames.PATIENT,
        geometry.frame_of_reference_uid,
    )  # fmt: skip


def window_of(grid: Grid, station: Grid) -> tuple[list[int], list[int]]:
    """First index on a grid of the voxels that a station may reach, and the one behind the last."""
    ends = np.array([[-0.5, n - 0.5] for n in station.spatial_shape])
    corners = np.stack(np.meshgrid(*ends, indexing="ij"), axis=-1).reshape(-1, 3)
    indices = grid.map_reference_to_indices(station.map_indices_to_reference(corners))
    low = np.maximum(np.ceil(indices.min(axis=0) - 1e-3), 0).astype(int)
    high = np.minimum(np.floor(indices.max(axis=0) + 1e-3) + 1, grid.spatial_shape).astype(int)
    return low.tolist(), np.maximum(high, low).tolist()
