"""How unlike each other the samples of a set are: multi-scale structural similarity."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.models.arrays import Image

# Wang, Simoncelli and Bovik 2003, 37th Asilomar Conference.
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
SIGMA = 1.5
RADIUS = 5
STABILITY = (0.01**2, 0.03**2)


def ms_ssim(first: Image, second: Image) -> float:
    """MS-SSIM of two images with intensities in [0, 1], from 0 to 1.

    Scales whose image would be smaller than the 11-pixel window are left out and the weights
    of the others raised to sum to 1.

    Args:
        first: Shape (H, W), both sides at least 11.
        second: Same shape.
    """
    scales = min(len(WEIGHTS), int(np.log2(min(first.shape) / (2 * RADIUS + 1))) + 1)
    weights = np.array(WEIGHTS[:scales]) / sum(WEIGHTS[:scales])
    x, y = first.astype(float), second.astype(float)
    product = 1.0
    for scale, weight in enumerate(weights):
        luminance, structure = _similarity(x, y)
        last = scale == scales - 1
        value = (luminance * structure).mean() if last else structure.mean()
        product *= max(float(value), 0.0) ** float(weight)
        x, y = _halved(x), _halved(y)
    return product


def mean_similarity(images: NDArray[np.float32], pairs: int = 300, seed: int = 0) -> float:
    """Mean MS-SSIM over random pairs of different images.

    Args:
        images: Intensities with bright tissue about 1, shape (N, H, W), N at least 2.
        pairs: Number of pairs.
        seed: Seed of the pairs.
    """
    rng = np.random.default_rng(seed)
    first = rng.integers(0, len(images), pairs)
    second = (first + rng.integers(1, len(images), pairs)) % len(images)
    limited = images.clip(0, 1)
    values = [ms_ssim(limited[i], limited[j]) for i, j in zip(first, second, strict=True)]
    return float(np.mean(values))


def _similarity(
    x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Luminance and contrast-structure maps where the window lies inside the image."""
    mean_x, mean_y = _smooth(x), _smooth(y)
    variance_x, variance_y = _smooth(x * x) - mean_x**2, _smooth(y * y) - mean_y**2
    covariance = _smooth(x * y) - mean_x * mean_y
    small, large = STABILITY
    luminance = (2 * mean_x * mean_y + small) / (mean_x**2 + mean_y**2 + small)
    structure = (2 * covariance + large) / (variance_x + variance_y + large)
    return luminance, structure


def _smooth(image: NDArray[np.float64]) -> NDArray[np.float64]:
    smooth = ndimage.gaussian_filter(image, SIGMA, radius=RADIUS)
    inside: NDArray[np.float64] = smooth[RADIUS:-RADIUS, RADIUS:-RADIUS]
    return inside


def _halved(image: NDArray[np.float64]) -> NDArray[np.float64]:
    height, width = (side // 2 for side in image.shape)
    blocks = image[: 2 * height, : 2 * width].reshape(height, 2, width, 2)
    halved: NDArray[np.float64] = blocks.mean(axis=(1, 3))
    return halved
