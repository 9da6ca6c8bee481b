"""The answer of an ONNX segmenter for a slice of any spacing, on the slice's own grid."""

import time

import numpy as np
from numpy.typing import NDArray

from callosal.export.runtime import Segmenter
from callosal.pipelines.callosum.segmentation import find_callosa_on
from callosal.pipelines.geometry.slice_image import on_slice, resampled_pixels


def segment_slice(
    segmenter: Segmenter, pixels: NDArray[np.generic], spacing_mm: tuple[float, float]
) -> tuple[NDArray[np.float32], float]:
    """Probability of the callosum on the grid of the slice, and the seconds that it took.

    Like `infer`, the whole slice and close views of it are used, and other components are erased.
    Unlike `infer`, the pixels are not blurred to the common resolution.

    Args:
        segmenter: Opened model.
        pixels: Raw intensities, shape (H, W).
        spacing_mm: Distance between rows and between columns, in mm.

    Returns:
        Values in [0, 1], shape (H, W), zero if no callosum was found; and the time of both looks
        and of the outline, without the resampling to the model's pixels and back.
    """
    step = segmenter.contract.spacing_mm / np.array(spacing_mm)
    image = pixels.astype(np.float32)
    if not np.allclose(step, 1, atol=1e-3):
        image = resampled_pixels(
            image, step, tuple(np.ceil(np.array(image.shape) / step).astype(int))
        )
    start = time.perf_counter()
    probability = _looked_at(segmenter, np.ascontiguousarray(image))
    seconds = time.perf_counter() - start
    if probability.shape != pixels.shape:
        probability = resampled_pixels(probability, 1 / step, pixels.shape)
    return probability, seconds


def _looked_at(segmenter: Segmenter, image: NDArray[np.float32]) -> NDArray[np.float32]:
    place = on_slice(image, (segmenter.contract.spacing_mm,) * 2)
    (found,) = find_callosa_on([image], [place], segmenter)
    return np.zeros_like(image) if found is None else found.component.astype(np.float32)
