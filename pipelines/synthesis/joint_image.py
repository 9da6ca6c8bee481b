"""Between the joint tensor of a generator and an 8-bit slice with its mask.

Channel 0 is the image in [-1, 1], channel 1 tanh(signed distance / scale), positive inside the
callosum. The distance varies evenly across the border, so the mask can be drawn at a finer pixel
than the generator's, with its border between the generator's pixels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Array = NDArray[np.float32]

WRITTEN_SPACING_MM = 0.5
_SATURATED = 0.995  # beyond it tanh tells the distance no more


@dataclass(frozen=True, eq=False)
class SyntheticSlice:
    """A slice with its mask, rows superior to inferior, columns anterior to posterior.

    Attributes:
        image: 8-bit intensities, shape (H, W).
        mask: Callosum, 0 or 1, shape (H, W).
        spacing_mm: Pixel size in mm.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    spacing_mm: float


def as_slice(joint: Array, spacing_mm: tuple[float, float]) -> SyntheticSlice:
    """Draw a joint sample as a slice of finer (or equal) pixels over the same field of view.

    Args:
        joint: Image in [-1, 1] and tanh of the signed distance, shape (2, H, W), finite.
        spacing_mm: Distance between rows and between columns of the sample.
    """
    shape = tuple(
        round(side * step / WRITTEN_SPACING_MM)
        for side, step in zip(joint.shape[1:], spacing_mm, strict=True)
    )
    brightness = _resampled((joint[0] + 1) / 2, shape)
    # The scale of the distance cancels: only its sign is read.
    distance = np.arctanh(np.clip(joint[1], -_SATURATED, _SATURATED))
    inside = _resampled(distance, shape) > 0
    return SyntheticSlice(
        np.rint(np.clip(brightness, 0, 1) * 255).astype(np.uint8),
        inside.astype(np.uint8),
        WRITTEN_SPACING_MM,
    )


def distance_channel(
    mask: NDArray[np.uint8],
    spacing_mm: tuple[float, float],
    center: NDArray[np.float64],
    shape: tuple[int, int],
    target_spacing_mm: tuple[float, float],
    scale_mm: float,
) -> Array:
    """Channel 1 of a joint sample whose mask is given.

    Args:
        mask: Callosum, 0 or 1, shape (H, W).
        spacing_mm: Distance between its rows and between its columns.
        center: Pixel (row, column) of the mask that comes to the middle of the sample.
        shape: Rows and columns of the generator.
        target_spacing_mm: Pixel size of the generator.
        scale_mm: Distance at which tanh has its bend.

    Returns:
        tanh(signed distance / scale), positive inside, shape `shape`.
    """
    distance_mm = signed_distance_mm(mask, spacing_mm)
    step = np.array(target_spacing_mm) / np.array(spacing_mm)
    new_center = (np.array(shape) - 1) / 2
    resampled = ndimage.affine_transform(
        distance_mm, step, center - step * new_center, shape, order=1, mode="nearest"
    )
    channel: Array = np.tanh(resampled / scale_mm).astype(np.float32)
    return channel


def signed_distance_mm(
    mask: NDArray[np.uint8], spacing_mm: tuple[float, float]
) -> NDArray[np.float64]:
    """Distance of each pixel from the border of a mask, positive inside, shape (H, W)."""
    inside = mask > 0
    # Distances run between pixel centres: the border lies half a pixel before the first other one.
    half = float(np.mean(spacing_mm)) / 2
    distance_mm: NDArray[np.float64] = np.where(
        inside,
        ndimage.distance_transform_edt(inside, sampling=spacing_mm) - half,
        half - ndimage.distance_transform_edt(~inside, sampling=spacing_mm),
    )
    return distance_mm


def _resampled(values: Array, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Cubic interpolation about the image centre; the field of view stays."""
    if values.shape == shape:
        return values.astype(np.float64)
    step = np.array(values.shape) / np.array(shape)
    center, new_center = (np.array(values.shape) - 1) / 2, (np.array(shape) - 1) / 2
    drawn: NDArray[np.float64] = ndimage.affine_transform(
        values.astype(np.float64), step, center - step * new_center, shape, order=3, mode="nearest"
    )
    return drawn
