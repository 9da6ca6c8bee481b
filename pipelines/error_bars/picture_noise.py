"""The noise of the images of a case, as a share of its bright tissue."""

from typing import Final

import numpy as np
from highdicom import Volume
from scipy.ndimage import convolve

from callosal.pipelines.midplane.localizer_volumes import Images, sagittal_or_whole

_SLICES: Final = 5
_TISSUE: Final = 0.2
"""Share of the bright tissue above which a pixel is taken for tissue."""

_KERNEL: Final = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
"""Difference of two Laplacians, blind to planes and to straight edges along an axis (Immerkaer,
Computer Vision and Image Understanding 64, 1996)."""

_KERNEL_NORM: Final = 6.0  # root of the sum of squares
_NORMAL_MAD: Final = 0.6745  # median absolute value of a standard normal


def picture_noise(images: Images) -> float | None:
    """Standard deviation of the noise over the 99th percentile of the intensities.

    It is taken from the slices as they were read, within tissue, by the median, so that anatomy
    counts little. Images that a scanner interpolated look less noisy than they are.

    Args:
        images: A volume, or the stacks of a localizer (the largest sagittal one counts).

    Returns:
        The share, 0 or more; None where there is too little tissue.
    """
    slices = _middle_slices(sagittal_or_whole(images))
    top = float(np.percentile(slices, 99))
    inside = slices[:, 1:-1, 1:-1] > _TISSUE * top
    if top <= 0 or np.count_nonzero(inside) < 100:
        return None
    rough = np.stack([convolve(one, _KERNEL)[1:-1, 1:-1] for one in slices])
    return float(np.median(np.abs(rough[inside])) / _NORMAL_MAD / _KERNEL_NORM / top)


def _middle_slices(volume: Volume) -> np.ndarray:
    """A few slices about the middle of a stack, shape (n, rows, columns), float32."""
    axis = int(np.argmax(volume.spacing))
    count = volume.spatial_shape[axis]
    first = max(0, (count - _SLICES) // 2)
    taken = np.take(volume.array, range(first, min(count, first + _SLICES)), axis)
    return np.moveaxis(taken, axis, 0).astype(np.float32)
