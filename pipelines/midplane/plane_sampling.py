"""Samples of a volume on parallel planes in the patient."""

from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from callosal.models.errors import InputError
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.midplane.cores import even_parts, on_all_cores
from callosal.pipelines.midplane.cubic_samples import samples_along, spline_coefficients
from callosal.pipelines.midplane.resample import Array

_SPLINE_REACH: Final = 8  # voxels after which a cubic B-spline no longer feels a cut
_OUTER: Final = 0.5 + 1e-6  # a voxel reaches half a spacing beyond its centre
_LARGEST_DRIFT: Final = 1e-3  # of a line of pixels off a line of voxels, in voxels


def sample_planes(volume: Volume, grid: SliceImage, depths_mm: Array) -> NDArray[np.float32]:
    """Samples parallel planes of a volume with cubic B-splines.

    Only the part of the volume about the planes is filtered.

    Args:
        volume: The volume, any array axes and dtype.
        grid: The pixel grid; its pixels are not read.
        depths_mm: Distance of each plane from the grid along its normal, shape (n,).

    Returns:
        Intensities within the range of the volume there, shape (n, H, W); 0 outside.

    Raises:
        InputError: The volume has colour or several channels (`not_scalar`).
    """
    to_index = np.linalg.inv(volume.affine)
    down, along, through, origin = (to_index @ grid.affine_lps).T[:, :3]
    rows, columns = (np.arange(n, dtype=float) for n in grid.pixels.shape)
    ends = [
        origin + down * row + along * column + through * depth_mm
        for row, column, depth_mm in product(
            (0, len(rows) - 1), (0, len(columns) - 1), (depths_mm.min(), depths_mm.max())
        )
    ]
    part, first = _part_around(volume, np.array(ends))
    last = np.array(volume.spatial_shape, float) - 1
    # A single 2D slice holds equal values all along its third axis: it is left out.
    kept = [axis for axis in range(3) if part.shape[axis] > 1] or [0]
    lines = (_Line.of(down, len(rows)), _Line.of(along, len(columns)))
    slices = np.zeros((len(depths_mm), *grid.pixels.shape), np.float32)
    if sorted(line.axis for line in lines) == kept:
        for pixels, depth_mm in zip(slices, depths_mm, strict=True):
            start = origin + through * depth_mm
            beside = np.delete(start, kept), np.delete(last, kept)
            if -_OUTER <= beside[0] <= beside[1] + _OUTER:
                pixels[:] = _on_lines(part, lines, start, first, last)
        return slices
    coefficients = spline_coefficients(part.reshape([part.shape[axis] for axis in kept]))
    low, high = float(part.min()), float(part.max())

    def sample(piece: tuple[int, slice]) -> None:
        which, lines = piece
        corner = origin + through * depths_mm[which]
        index = (
            corner[:, None, None]
            + np.multiply.outer(down, rows[lines])[:, :, None]
            + np.multiply.outer(along, columns)[:, None, :]
        )
        inside = ((index >= -_OUTER) & (index <= last[:, None, None] + _OUTER)).all(axis=0)
        at = np.clip(index[:, inside], 0, last[:, None]) - first[:, None]
        values = map_coordinates(coefficients, at[kept], order=3, mode="mirror", prefilter=False)
        slices[which, lines][inside] = np.clip(values, low, high)

    on_all_cores(sample, product(range(len(depths_mm)), even_parts(grid.pixels.shape[0])))
    return slices


@dataclass(frozen=True, eq=False)
class _Line:
    """A line of pixels along one axis of the voxels.

    Attributes:
        axis: That axis; -1 where the line leaves it.
        steps: How far each pixel lies from the first, in voxels, shape (n,).
    """

    axis: int
    steps: Array

    @classmethod
    def of(cls, step: Array, count: int) -> "_Line":
        axis = int(np.argmax(np.abs(step)))
        drift = np.abs(np.delete(step, axis)).max() * count
        return cls(axis if drift < _LARGEST_DRIFT else -1, step[axis] * np.arange(count))


def _on_lines(
    part: NDArray[np.float32], lines: tuple[_Line, _Line], start: Array, first: Array, last: Array
) -> NDArray[np.float64]:
    """Samples of a single slice whose rows and columns the lines of pixels follow.

    Args:
        part: The slice about the samples.
        lines: Down and along the pixels.
        start: Index of the first pixel, shape (3,).
        first: Index of the first voxel of the part, shape (3,).
        last: Index of the last voxel of the whole slice, shape (3,).
    """
    axes = [line.axis for line in lines]
    flat = part.reshape([part.shape[axis] for axis in sorted(axes)]).astype(float)
    coefficients = spline_coefficients(flat)
    by_row, by_column = (
        samples_along(start[axis] + line.steps, last[axis], first[axis], part.shape[axis])
        for axis, line in zip(axes, lines, strict=True)
    )
    turned = coefficients if axes[0] < axes[1] else coefficients.T
    samples = np.clip(by_row.weights @ turned @ by_column.weights.T, flat.min(), flat.max())
    return samples * np.outer(by_row.inside, by_column.inside)


def _part_around(volume: Volume, ends: Array) -> tuple[NDArray[np.float32], Array]:
    """The part of the volume about points, and the index of its first voxel.

    Args:
        volume: The volume.
        ends: Indices of the outermost samples, shape (n, 3).
    """
    if volume.array.ndim != 3:
        raise InputError(
            f"the volume has {volume.array.ndim} dimensions, a slice needs 3: take one channel",
            "not_scalar",
        )
    low, high = ends.min(axis=0), ends.max(axis=0)
    size = np.array(volume.spatial_shape)
    start = np.clip(np.floor(low) - _SPLINE_REACH, 0, size - 1).astype(int)
    stop = np.clip(np.ceil(high) + _SPLINE_REACH + 1, start + 1, size).astype(int)
    part = volume.array[tuple(slice(i, j) for i, j in zip(start, stop, strict=True))]
    return np.nan_to_num(part.astype(np.float32), posinf=0.0, neginf=0.0), start.astype(float)
