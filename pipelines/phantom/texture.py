"""Smooth random fields on axis-aligned grids: gyri, patchy tissue and coil sensitivity."""

import numpy as np
from numpy.typing import NDArray

from callosal.models.arrays import Image


def smooth_field(
    rng: np.random.Generator, axes_mm: tuple[NDArray[np.float64], ...], cell_mm: float
) -> Image:
    """A smooth Gaussian random field of about unit variance.

    White noise on a grid of `cell_mm` is blended by cubic B-splines, axis by axis, which costs
    a few small matrix products and shows no lattice.

    Args:
        rng: Source of the noise.
        axes_mm: Coordinates of the samples along each axis, mm; any number of axes.
        cell_mm: Distance between the noise points, about half the size of a blob.

    Returns:
        Field with one axis per entry of `axes_mm`.
    """
    weights = [_spline_weights(axis, cell_mm) for axis in axes_mm]
    field = rng.standard_normal([matrix.shape[1] for matrix in weights], dtype=np.float32)
    for matrix in weights:
        # Contracting the first axis and appending the new one rotates through all axes in turn.
        field = np.tensordot(field, matrix, axes=(0, 1))
    return field


def _spline_weights(axis_mm: NDArray[np.float64], cell_mm: float) -> Image:
    """Weight of each noise point in each sample, rows of unit energy; shape (samples, points)."""
    low, high = axis_mm.min() / cell_mm - 2, axis_mm.max() / cell_mm + 2
    points = np.arange(np.floor(low), np.ceil(high) + 1)
    gap = np.abs(axis_mm[:, None] / cell_mm - points)
    rest = np.maximum(2 - gap, 0)
    near = 2 / 3 - gap * gap * (1 - gap / 2)
    far = rest * rest * rest / 6
    weights = np.where(gap < 1, near, far)
    energy = np.sqrt((weights**2).sum(axis=1, keepdims=True))
    unit: Image = (weights / energy).astype(np.float32)
    return unit
