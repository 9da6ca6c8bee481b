"""The answer of an ONNX segmenter for a slice of any spacing, on the slice's own grid."""

import time

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.export.runtime import Segmenter
from callosal.pipelines.close_views import look_closely
from callosal.pipelines.evaluation.measures import on_slice
from callosal.pipelines.segmentation import bright_center


def segment_slice(
    segmenter: Segmenter, pixels: NDArray[np.generic], spacing_mm: tuple[float, float]
) -> tuple[NDArray[np.float32], float]:
    """Probability on the grid of the slice, and the seconds that it took.

    As `infer` looks at a slice: at the whole of it and then closely.

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
    probability = _looked_at(segmenter, np.ascontiguousarray(image))
    seconds = time.perf_counter() - start
    if probability.shape != pixels.shape:
        probability = _resample(probability, 1 / step, pixels.shape)
    return probability, seconds


def _looked_at(segmenter: Segmenter, image: NDArray[np.float32]) -> NDArray[np.float32]:
    spacing_mm = (segmenter.contract.spacing_mm,) * 2
    whole = segmenter.probability(image[None, None])[0, 0]
    center = bright_center(whole, on_slice(image, spacing_mm))
    (closer,) = look_closely([image], [whole], [center], segmenter)
    return closer


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
