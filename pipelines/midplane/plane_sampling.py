"""Samples of a volume on parallel planes in the patient."""

from itertools import product
from typing import Final

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, spline_filter1d

from callosal.models.errors import InputError
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.midplane.cores import even_parts, on_all_cores
from callosal.pipelines.midplane.resample import Array

_SPLINE_REACH: Final = 8  # voxels after which a cubic B-spline no longer feels a cut


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
    planar = (
        origin[:, None, None]
        + down[:, None, None] * rows[None, :, None]
        + along[:, None, None] * columns[None, None, :]
    )
    part, first = _part_around(volume, planar, through, depths_mm)
    # A single 2D slice holds equal values all along its third axis: it is left out.
    kept = [axis for axis in range(3) if part.shape[axis] > 1] or [0]
    coefficients = _spline_coefficients(part.reshape([part.shape[axis] for axis in kept]))
    low, high = float(part.min()), float(part.max())
    last = np.array(volume.spatial_shape, float)[:, None, None] - 1
    slices = np.zeros((len(depths_mm), *grid.pixels.shape), np.float32)

    def sample(piece: tuple[int, slice]) -> None:
        which, lines = piece
        index = planar[:, lines] + (through * depths_mm[which])[:, None, None]
        # a voxel reaches half a spacing beyond its centre, so the outer half voxels count
        inside = ((index >= -0.5 - 1e-6) & (index <= last + 0.5 + 1e-6)).all(axis=0)
        at = np.clip(index[:, inside], 0, last[:, 0]) - first[:, None]
        values = map_coordinates(coefficients, at[kept], order=3, mode="mirror", prefilter=False)
        slices[which, lines][inside] = np.clip(values, low, high)

    on_all_cores(sample, product(range(len(depths_mm)), even_parts(grid.pixels.shape[0])))
    return slices


def _spline_coefficients(part: NDArray[np.float32]) -> NDArray[np.float32]:
    """What `scipy.ndimage.spline_filter` gives, bit by bit, on all cores."""
    for axis in range(part.ndim):
        part = _filtered_along(axis, part)
    return part


def _filtered_along(axis: int, values: NDArray[np.float32]) -> NDArray[np.float32]:
    across = 1 if axis == 0 else 0

    def filtered(lines: slice) -> NDArray[np.float32]:
        piece = values[lines] if across == 0 else values[:, lines]
        coefficients: NDArray[np.float32] = spline_filter1d(
            piece, 3, axis, output=np.float32, mode="mirror"
        )
        return coefficients

    return np.concatenate(on_all_cores(filtered, even_parts(values.shape[across])), axis=across)


def _part_around(
    volume: Volume, planar: Array, through: Array, depths_mm: Array
) -> tuple[NDArray[np.float32], Array]:
    """The part of the volume that the samples need, and the index of its first voxel."""
    if volume.array.ndim != 3:
        raise InputError(
            f"the volume has {volume.array.ndim} dimensions, a slice needs 3: take one channel",
            "not_scalar",
        )
    flat = planar.reshape(3, -1)
    reach = np.outer([depths_mm.min(), depths_mm.max()], through)
    low = flat.min(axis=1) + reach.min(axis=0)
    high = flat.max(axis=1) + reach.max(axis=0)
    size = np.array(volume.spatial_shape)
    start = np.clip(np.floor(low) - _SPLINE_REACH, 0, size - 1).astype(int)
    stop = np.clip(np.ceil(high) + _SPLINE_REACH + 1, start + 1, size).astype(int)
    part = volume.array[tuple(slice(i, j) for i, j in zip(start, stop, strict=True))]
    return np.nan_to_num(part.astype(np.float32), posinf=0.0, neginf=0.0), start.astype(float)
