"""Resampling of volumes: blur-equalised isotropic grids, and blocks of samples in any frame.

A frame is an orthonormal 3x3 matrix whose columns are its axes. Positions are in the volume's own
millimetre frame, "grid mm": voxel index times spacing along each array axis. It moves with the
voxels, so nothing computed in it depends on where the header says that the patient lay.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

from callosal.pipelines.geometry.splines import spline_weights
from callosal.pipelines.midplane.cores import on_all_cores

Array = NDArray[np.float64]
Image = NDArray[np.float32]

_BOX_VARIANCE = 1 / 12  # of a box one voxel wide, in voxels squared
_LARGE_BLOCK = 100_000  # samples, from which two threads are faster than one
_NO_WEIGHT = 1e-9  # far below the rounding of float32


@dataclass(frozen=True, eq=False)
class GridImage:
    """An image on an axis-parallel grid in grid mm.

    Attributes:
        values: Intensities, shape (I, J, K); float32 but for an image not yet binned.
        spacing_mm: Distance of neighbours along each axis, shape (3,).
        origin_mm: Grid mm of voxel (0, 0, 0), shape (3,).
    """

    values: NDArray[Any]
    spacing_mm: Array
    origin_mm: Array

    @property
    def end_mm(self) -> Array:
        """Grid mm of the last voxel, shape (3,)."""
        return self.origin_mm + (np.array(self.values.shape) - 1) * self.spacing_mm

    def with_values(self, values: Image) -> "GridImage":
        """Other values on the same grid."""
        return GridImage(values, self.spacing_mm, self.origin_mm)

    def binned(self, target_mm: float) -> "GridImage":
        """Averages whole groups of voxels until the spacing comes near a target, not beyond.

        Args:
            target_mm: Largest spacing wanted; axes that are coarser already stay as they are.

        Returns:
            The binned image, float32; voxels left over at the end of an axis are dropped.
        """
        wanted = np.maximum(1, np.floor(target_mm / self.spacing_mm + 1e-3))
        factors = np.minimum(wanted, self.values.shape).astype(int)
        values: NDArray[Any] = self.values
        for axis, factor in enumerate(factors):
            values = _bin_axis(values, axis, int(factor))
        image = np.multiply(values, np.float32(1 / factors.prod()), dtype=np.float32, order="C")
        shift_mm = self.spacing_mm * (factors - 1) / 2
        return GridImage(image, self.spacing_mm * factors, self.origin_mm + shift_mm)

    def cropped(self, low_mm: Array, high_mm: Array) -> "GridImage":
        """The part between two corners and one voxel around it, no copy."""
        size = np.array(self.values.shape)
        first = np.floor((low_mm - self.origin_mm) / self.spacing_mm) - 1
        last = np.ceil((high_mm - self.origin_mm) / self.spacing_mm) + 2
        start = np.clip(first, 0, size - 1).astype(int)
        stop = np.clip(last, start + 1, size).astype(int)
        part = tuple(slice(i, j) for i, j in zip(start, stop, strict=True))
        return GridImage(
            self.values[part], self.spacing_mm, self.origin_mm + start * self.spacing_mm
        )

    def block(self, center_mm: Array, frame: Array, half_width_mm: Array, step_mm: float) -> Image:
        """Samples the image on a regular block of points, linearly.

        Args:
            center_mm: Grid mm of the middle sample, shape (3,).
            frame: Axes of the block as columns, shape (3, 3).
            half_width_mm: Extent from the middle sample to each side, shape (3,).
            step_mm: Distance of neighbouring samples.

        Returns:
            Samples, shape (2 n + 1 along each axis), NaN outside the image.
        """
        half = np.floor(np.asarray(half_width_mm) / step_mm + 1e-9)
        matrix = frame * step_mm / self.spacing_mm[:, None]
        offset = (center_mm - self.origin_mm) / self.spacing_mm - matrix @ half
        samples = np.empty(tuple(int(n) for n in 2 * half + 1), np.float32)

        def fill(piece: slice) -> None:
            start = offset + matrix[:, 0] * piece.start
            affine_transform(
                self.values, matrix, start, output=samples[piece], order=1, cval=float("nan")
            )

        # The same pieces on every machine, so that the last digits are the same too.
        middle = len(samples) // 2 if samples.size > _LARGE_BLOCK else len(samples)
        pieces = (slice(0, middle), slice(middle, len(samples)))
        on_all_cores(fill, [piece for piece in pieces if piece.stop > piece.start])
        return samples


def _bin_axis(values: NDArray[Any], axis: int, factor: int) -> NDArray[Any]:
    """Sums groups of `factor` voxels along one axis; an incomplete last group is dropped."""
    if factor == 1:
        return values
    length = values.shape[axis] // factor * factor
    lead = (slice(None),) * axis
    total = values[(*lead, slice(0, length, factor))].astype(np.float32)
    for start in range(1, factor):
        total += values[(*lead, slice(start, length, factor))]
    return total


def isotropic(
    image: GridImage, spacing_mm: float, sigma_mm: float, low_mm: Array, high_mm: Array
) -> GridImage:
    """Brings an image to an isotropic grid with the same total blur along every axis.

    Each axis is interpolated with a cubic spline and blurred with the Gaussian that is missing
    from the voxel's own box to `sigma_mm`, so that thick slices and fine pixels look alike and
    a mirror image is not told apart by the direction of the slices alone.

    Args:
        image: The image, any spacing.
        spacing_mm: Spacing of the new grid.
        sigma_mm: Standard deviation of the blur wanted in total.
        low_mm: Lowest corner of the part wanted, shape (3,); clipped to the image.
        high_mm: Highest corner of the part wanted, shape (3,).

    Returns:
        The isotropic image.
    """
    low = np.maximum(low_mm, image.origin_mm)
    high = np.maximum(low, np.minimum(high_mm, image.end_mm))
    reach_mm = 3 * np.maximum(sigma_mm, image.spacing_mm)
    image = image.cropped(low - reach_mm, high + reach_mm)
    counts = np.maximum(1, np.floor((high - low) / spacing_mm + 1e-6).astype(int) + 1)
    values = image.values
    for axis in (2, 1, 0):
        source = (
            image.origin_mm[axis] + np.arange(image.values.shape[axis]) * (image.spacing_mm[axis])
        )
        target = low[axis] + np.arange(counts[axis]) * spacing_mm
        weights = _axis_weights(source, target, sigma_mm)
        values = apply_along_axis(weights, values, axis)
    return GridImage(values, np.full(3, float(spacing_mm)), low)


def _axis_weights(source_mm: Array, target_mm: Array, sigma_mm: float) -> Image:
    """Matrix (targets, sources) that interpolates with a cubic spline and then blurs."""
    if len(source_mm) == 1:
        return np.ones((len(target_mm), 1), np.float32)
    step = source_mm[1] - source_mm[0]
    missing_mm = np.sqrt(max(0.0, sigma_mm**2 - _BOX_VARIANCE * step**2))
    fine = min(step, max(missing_mm, sigma_mm) / 1.5)
    count = int(np.ceil((source_mm[-1] - source_mm[0]) / fine)) + 1
    points = np.linspace(source_mm[0], source_mm[-1], count)
    at_sources = count == len(source_mm)
    onto_points = np.eye(count) if at_sources else spline_weights(source_mm, points)
    return single_precision(gaussian_weights(points, target_mm, missing_mm) @ onto_points)


def gaussian_weights(source_mm: Array, target_mm: Array, sigma_mm: float) -> Array:
    """Matrix (targets, sources) of normalised Gaussian weights; rows sum to one.

    Where the Gaussian is narrower than half the source's spacing it is widened to that, so a
    target never falls between all sources.
    """
    step = source_mm[1] - source_mm[0] if len(source_mm) > 1 else 1.0
    sigma = max(sigma_mm, 0.5 * step)
    distance = (target_mm[:, None] - source_mm[None, :]) / sigma
    weights = np.exp(-0.5 * distance**2)
    normalised: Array = weights / weights.sum(axis=1, keepdims=True)
    return normalised


def apply_along_axis(weights: Image, values: Image, axis: int) -> Image:
    """Multiplies a matrix (m, n) along an axis of length n of an image of three axes."""
    product: Image
    if axis == 0:
        product = (weights @ values.reshape(values.shape[0], -1)).reshape(-1, *values.shape[1:])
    elif axis == 1:
        product = np.matmul(weights, values)
    else:
        product = np.matmul(values, weights.T)
    return product


def single_precision(weights: Array) -> Image:
    """Weights as float32, those too small to count as exact zeros.

    Far from its centre a Gaussian falls to denormal numbers, with which a processor multiplies
    some thirty times slower.
    """
    return np.where(np.abs(weights) < _NO_WEIGHT, 0, weights).astype(np.float32)
