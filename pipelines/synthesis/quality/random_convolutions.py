"""Features of a convolutional network with fixed random weights: the seed is all of it.

Random features tell sets of images apart about as trained ones do (2208.09218); there is nothing
to download and nothing that has seen a patient.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy import ndimage

from callosal.pipelines.synthesis.quality.window import Windows

SEED = 20240229
WIDTHS = (16, 32, 64)
COARSEST_MM = 1.5

Maps = NDArray[np.float32]


def random_features(windows: Windows) -> NDArray[np.float64]:
    """Mean and deviation of every map of the last two layers, one row a window."""
    kernels = _kernels()
    rows = [_of_one(image, windows.spacing_mm, kernels) for image in windows.images]
    return np.array(rows)


def _of_one(
    image: NDArray[np.float32], spacing_mm: float, kernels: list[Maps]
) -> NDArray[np.float64]:
    # One pixel size, so that the same layer sees the same anatomy at any resolution.
    shrink = min(1.0, spacing_mm / COARSEST_MM)
    small = ndimage.zoom(image, shrink, order=1, grid_mode=True, mode="nearest")
    maps = ((small - small.mean()) / max(float(small.std()), 1e-6))[None].astype(np.float32)
    pooled: list[NDArray[np.float64]] = []
    for kernel in kernels:
        maps = np.maximum(_convolved(maps, kernel), 0)
        pooled = [*pooled[-2:], maps.mean((1, 2), dtype=float), maps.std((1, 2), dtype=float)]
    return np.concatenate(pooled)


def _kernels() -> list[Maps]:
    """Kernels of He et al. (2015), each (outputs, inputs, 3, 3)."""
    rng = np.random.default_rng(SEED)
    shapes = zip(WIDTHS, (1, *WIDTHS[:-1]), strict=True)
    return [
        (rng.standard_normal((outputs, inputs, 3, 3)) * np.sqrt(2 / (9 * inputs))).astype(
            np.float32
        )
        for outputs, inputs in shapes
    ]


def _convolved(maps: Maps, kernel: Maps) -> Maps:
    """Convolution with stride 2 and no padding, (C, H, W) to (outputs, H', W')."""
    patches = sliding_window_view(maps, (3, 3), axis=(1, 2))[:, ::2, ::2]
    convolved: Maps = np.einsum("chwij,ocij->ohw", patches, kernel, optimize=True)
    return convolved
