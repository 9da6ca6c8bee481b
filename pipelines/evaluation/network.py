"""The answer of an ONNX segmenter for a slice of any spacing, on the slice's own grid."""

import time

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.export.runtime import Segmenter


def segment_slice(
    segmenter: Segmenter, pixels: NDArray[np.generic], spacing_mm: tuple[float, float]
) -> tuple[NDArray[np.float32], float]:
    """Probability on the grid of the slice, and the seconds of the network alone.

    Args:
        segmenter: Opened model.
        pixels: Raw intensities, shape (H, W).
        spacing_mm: Distance between rows and between columns, in mm.
    """
    step = segmenter.contract.spacing_mm / np.array(spacing_mm)
    image = pixels.astype(np.float32)
    if not np.allclose(step, 1, atol=1e-3):
        image = _resample(image, step, tuple(np.ceil(np.array(image.shape) / step).astype(int)))
    start = time.perf_counter()
    probability = segmenter.probability(np.ascontiguousarray(image[None, None]))[0, 0]
    seconds = time.perf_counter() - start
    if probability.shape != pixels.shape:
        probability = _resample(probability, 1 / step, pixels.shape)
    return probability, seconds


def _resample(
    image: NDArray[np.float32], step: NDArray[np.float64], shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Resample about the image centre; averages first where pixels are dropped."""
    sigma = np.clip((step - 1) / 2, 0, None)
    smooth = ndimage.gaussian_filter(image, sigma) if sigma.any() else image
    center, new_center = (np.array(image.shape) - 1) / 2, (np.array(shape) - 1) / 2
    resampled: NDArray[np.float32] = ndimage.affine_transform(
        smooth, step, center - step * new_center, shape, order=1, mode="nearest"
    )
    return resampled
