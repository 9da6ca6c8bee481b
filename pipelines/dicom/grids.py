"""The grid of a stack where single headers do not say it: rounded, varying, or with gaps."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from callosal.pipelines.dicom.frames import Triple
from callosal.pipelines.dicom.grouping import DIRECTION_TOLERANCE, Plane
from callosal.pipelines.dicom.slices import Array, SliceLine, cosine_slack_rad, fit_line

_NEARLY_EXACT = 1e-5  # of cosines that differ by the last digit of a decimal string


@dataclass(frozen=True, slots=True)
class SliceGrid:
    """Where the slices of a stack lie.

    Attributes:
        origin_lps_mm: Centre of the first pixel of the first slice.
        row_dir: Unit vector along a row.
        col_dir: Unit vector down a column.
        spacing_mm: Distance of slices, rows and columns.
        places: Index of each slice on the grid, growing from 0; others are missing.
    """

    origin_lps_mm: Triple
    row_dir: Triple
    col_dir: Triple
    spacing_mm: Triple
    places: tuple[int, ...]

    @property
    def missing(self) -> tuple[int, ...]:
        """Places without a slice."""
        return tuple(sorted({*range(self.places[-1] + 1)} - {*self.places}))


@dataclass(frozen=True, eq=False)
class FittedGrid:
    """The grid of planes, and the line that it was found from."""

    grid: SliceGrid
    line: SliceLine


def fit_grid(planes: Sequence[Plane]) -> FittedGrid:
    """The grid of two planes or more.

    Directions are the mean of all planes; where they vary or are rounded, they are turned so that
    the normal meets the line of the positions, which is long and so the most precise.

    Args:
        planes: In the order of their places, one a place.

    Raises:
        InputError: `uneven_spacing` or `sheared_stack`.
    """
    directions = np.array([(*plane.frame.row_dir, *plane.frame.col_dir) for plane in planes])
    spread = float(np.ptp(directions, axis=0).max())
    slack_rad = max(spread if spread > DIRECTION_TOLERANCE else 0.0, cosine_slack_rad(directions))
    axes = _orthonormal(directions.mean(axis=0) if spread > _NEARLY_EXACT else directions[0])
    positions = np.array([plane.position_lps_mm for plane in planes])
    normal = np.cross(axes[0], axes[1])
    line = fit_line(positions, normal, slack_rad)
    if slack_rad:
        axes = _turned(axes, line.step_lps_mm / line.spacing_mm)
    in_plane_mm = np.median([plane.frame.spacing_mm for plane in planes], axis=0)
    grid = SliceGrid(
        _triple(line.origin_lps_mm),
        _triple(axes[0]),
        _triple(axes[1]),
        _triple([line.spacing_mm, *in_plane_mm]),
        tuple(line.places.tolist()),
    )
    return FittedGrid(grid, line)


def _orthonormal(directions: Array) -> Array:
    row, column = directions.reshape(2, 3)
    row = row / np.linalg.norm(row)
    column = column - (column @ row) * row
    return np.stack([row, column / np.linalg.norm(column)])


def _turned(axes: Array, normal: Array) -> Array:
    """The axes turned the least way onto a normal."""
    flat = axes - np.outer(axes @ normal, normal)
    return _orthonormal(flat.ravel())


def _triple(values: Array | list[float]) -> Triple:
    x, y, z = (float(value) for value in values)
    return x, y, z
