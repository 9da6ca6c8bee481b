"""Voxels of a station on another grid, and which of them it covers.

Grids of equal directions are interpolated axis by axis: cubic convolution in the plane of the
slices (Keys 1981, IEEE Trans. ASSP 29:1153), linear across them, each a product with a sparse
matrix. Grids at an angle to each other take cubic B-splines.
"""

import numpy as np
from highdicom import Volume, VolumeGeometry
from numpy.typing import NDArray
from scipy import ndimage, sparse

_PARALLEL = 1e-4
"""Directions whose cosines differ by less are parallel."""

_EDGE = 0.5 + 1e-3
"""A station covers what lies within half a voxel of its outer voxel centres."""

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]
Array = NDArray[np.float64]


def resampled(station: Volume, grid: VolumeGeometry) -> tuple[Image, Mask]:
    """Intensities of a station on a grid.

    Args:
        station: Axes (slice, row, column).
        grid: Where to read it.

    Returns:
        Intensities, 0 where the station does not reach, and where it reaches.
    """
    into = np.linalg.inv(station.affine) @ grid.affine
    covered = _covered(into, station.spatial_shape, grid.spatial_shape)
    off_axis = into[:3, :3] - np.diag(np.diag(into[:3, :3]))
    if np.abs(off_axis).max() < _PARALLEL:
        places = [
            into[axis, 3] + into[axis, axis] * np.arange(n)
            for axis, n in enumerate(grid.spatial_shape)
        ]
        values = _separable(station.array, places)
    else:
        values = ndimage.affine_transform(
            np.asarray(station.array, np.float32), into[:3, :3], into[:3, 3],
            grid.spatial_shape, order=3, mode="nearest", output=np.float32,
        )  # fmt: skip
    # Cubic kernels overshoot at edges: no voxel gets darker than all of the station.
    np.maximum(values, np.float32(station.array.min()), out=values)
    values *= covered
    return values, np.broadcast_to(covered, grid.spatial_shape)


def depth_in_rows(station: Volume | VolumeGeometry, grid: VolumeGeometry) -> tuple[Image, Image]:
    """How deep the voxels of a grid lie below the upper and above the lower border of a station.

    Returns:
        Two arrays in mm that broadcast to the grid, negative outside of the station.
    """
    row = (np.linalg.inv(station.affine) @ grid.affine)[1]
    places = _linear(row, grid.spatial_shape)
    step = float(station.spacing[1])
    below_top = (places + 0.5) * step
    above_bottom = (station.spatial_shape[1] - 0.5 - places) * step
    return below_top.astype(np.float32), above_bottom.astype(np.float32)


def cubic_weights(places: Array, n: int) -> sparse.csr_array:
    """Matrix that reads n samples at fractional places by cubic convolution; ends repeat."""
    base = np.floor(places).astype(int)
    t = places - base
    weights = np.stack(
        [
            ((-0.5 * t + 1.0) * t - 0.5) * t,
            (1.5 * t - 2.5) * t * t + 1.0,
            ((-1.5 * t + 2.0) * t + 0.5) * t,
            (0.5 * t - 0.5) * t * t,
        ],
        axis=1,
    )
    return _matrix(base[:, None] + np.arange(-1, 3), weights, n)


def linear_weights(places: Array, n: int) -> sparse.csr_array:
    """Matrix that reads n samples at fractional places linearly; ends repeat."""
    base = np.floor(places).astype(int)
    t = places - base
    return _matrix(base[:, None] + np.arange(2), np.stack([1 - t, t], axis=1), n)


def _matrix(columns: NDArray[np.int_], weights: Array, n: int) -> sparse.csr_array:
    rows = np.repeat(np.arange(len(columns)), columns.shape[1])
    values = weights.ravel().astype(np.float32)
    places = rows, np.clip(columns, 0, n - 1).ravel()
    return sparse.coo_array((values, places), shape=(len(columns), n)).tocsr()


def _separable(voxels: NDArray[np.generic], places: list[Array]) -> Image:
    """Voxels at a rectilinear grid of places, slice by slice to keep memory low."""
    across, down, along = places
    from_slices = linear_weights(across, voxels.shape[0])
    from_rows = cubic_weights(down, voxels.shape[1])
    from_columns = cubic_weights(along, voxels.shape[2])
    out = np.empty((len(across), len(down), len(along)), np.float32)
    done: dict[int, Image] = {}
    for index in range(len(across)):
        line = from_slices[[index]]
        needed = {int(i): float(w) for i, w in zip(line.indices, line.data, strict=True) if w}
        done = {i: done[i] if i in done else _plane(voxels[i], from_rows, from_columns)
                for i in needed}  # fmt: skip
        parts = [done[i] * np.float32(w) if w != 1 else done[i] for i, w in needed.items()]
        out[index] = parts[0] if len(parts) == 1 else sum(parts[1:], parts[0])
    return out


def _plane(pixels: NDArray[np.generic], rows: sparse.csr_array, columns: sparse.csr_array) -> Image:
    by_rows = rows @ pixels.astype(np.float32)
    plane: Image = np.ascontiguousarray((columns @ np.ascontiguousarray(by_rows.T)).T)
    return plane


def _linear(row: Array, shape: tuple[int, ...]) -> Array:
    """A linear function of the three indices, as small as it broadcasts."""
    total: Array = np.full((1, 1, 1), row[3])
    for axis, n in enumerate(shape):
        if abs(row[axis]) > _PARALLEL:
            steps = np.arange(n).reshape([-1 if other == axis else 1 for other in range(3)])
            total = total + row[axis] * steps
    return total


def _covered(into: Array, shape: tuple[int, ...], grid_shape: tuple[int, ...]) -> Mask:
    inside: Mask = np.ones((1, 1, 1), bool)
    for axis in range(3):
        places = _linear(into[axis], grid_shape)
        inside = inside & (places >= -_EDGE) & (places <= shape[axis] - 1 + _EDGE)
    return inside
