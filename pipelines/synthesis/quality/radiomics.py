"""Features of a labelled window that need no trained network: intensity, blobs, texture.

A small numpy subset of the radiomic features behind the Frechet Radiomic Distance (Konz et al.
2024, arXiv 2412.01496): first order, Laplacian of Gaussian, grey-level co-occurrence (Haralick
et al. 1973, IEEE Trans SMC 3:610), and the callosum against its surroundings.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, stats

from callosal.models.arrays import Image
from callosal.pipelines.synthesis.quality.window import Windows

BLOBS_MM = (1.5, 3.0, 6.0)
LEVELS = 16
OFFSETS = ((0, 1), (1, 0), (1, 1), (1, -1))
DISTANCES_MM = (1.5, 4.5)


def radiomic_features(windows: Windows) -> NDArray[np.float64]:
    """Features of every window, one row each; columns as `FEATURES` names them."""
    rows = [
        list(_of_one(image, mask > 0, windows.spacing_mm).values())
        for image, mask in zip(windows.images, windows.masks, strict=True)
    ]
    return np.array(rows)


def _of_one(image: Image, mask: NDArray[np.bool_], spacing_mm: float) -> dict[str, float]:
    return {
        **_first_order(image),
        **_callosum(image, mask, spacing_mm),
        **_blobs(image, spacing_mm),
        **_texture(image, spacing_mm),
    }


def _first_order(image: Image) -> dict[str, float]:
    values = image.ravel().astype(float)
    shares = np.histogram(values, bins=32, range=(0, 1.2))[0] / values.size
    quantiles = np.quantile(values, [0.1, 0.25, 0.5, 0.75, 0.9])
    return {
        "mean": float(values.mean()),
        "deviation": float(values.std()),
        "skewness": float(stats.skew(values)) if values.std() > 0 else 0.0,
        "kurtosis": float(stats.kurtosis(values)) if values.std() > 0 else 0.0,
        "entropy": float(stats.entropy(shares)),
        **{
            f"quantile_{share}": float(q)
            for share, q in zip((10, 25, 50, 75, 90), quantiles, strict=True)
        },
    }


def _callosum(image: Image, mask: NDArray[np.bool_], spacing_mm: float) -> dict[str, float]:
    """Intensity inside, in a ring of 1.5 to 6 mm, and the step between them."""
    away = ndimage.distance_transform_edt(~mask, sampling=spacing_mm)
    inside, ring = image[mask], image[(away > 1.5) & (away < 6)]
    gradient = ndimage.gaussian_gradient_magnitude(image, 1.0) / spacing_mm
    border = mask & ~ndimage.binary_erosion(mask)
    return {
        "callosum_mean": float(inside.mean()),
        "callosum_deviation": float(inside.std()),
        "ring_mean": float(ring.mean()),
        "ring_deviation": float(ring.std()),
        "callosum_step": float(inside.mean() - ring.mean()),
        "border_gradient": float(gradient[border].mean()),
    }


def _blobs(image: Image, spacing_mm: float) -> dict[str, float]:
    features = {}
    for sigma_mm in BLOBS_MM:
        sigma = sigma_mm / spacing_mm
        answer = sigma**2 * ndimage.gaussian_laplace(image.astype(float), sigma)
        features[f"log_{sigma_mm}_mean"] = float(np.abs(answer).mean())
        features[f"log_{sigma_mm}_deviation"] = float(answer.std())
        features[f"log_{sigma_mm}_low"] = float(np.quantile(answer, 0.05))
        features[f"log_{sigma_mm}_high"] = float(np.quantile(answer, 0.95))
    return features


def _texture(image: Image, spacing_mm: float) -> dict[str, float]:
    levels = (image.clip(0, 1) * (LEVELS - 1) + 0.5).astype(int)
    features = {}
    for distance_mm in DISTANCES_MM:
        step = max(1, round(distance_mm / spacing_mm))
        shares = sum(_pairs(levels, row * step, column * step) for row, column in OFFSETS)
        features.update(_haralick(np.asarray(shares) / len(OFFSETS), f"glcm_{distance_mm}"))
    return features


def _pairs(levels: NDArray[np.int_], rows: int, columns: int) -> NDArray[np.float64]:
    """Share of each pair of levels at an offset, symmetric, shape (LEVELS, LEVELS)."""
    height, width = levels.shape
    first = levels[: height - rows, max(-columns, 0) : width - max(columns, 0)]
    second = levels[rows:, max(columns, 0) : width - max(-columns, 0)]
    counts = np.bincount((first * LEVELS + second).ravel(), minlength=LEVELS**2)
    table = counts.reshape(LEVELS, LEVELS).astype(float)
    table = table + table.T
    shares: NDArray[np.float64] = table / table.sum()
    return shares


def _haralick(shares: NDArray[np.float64], prefix: str) -> dict[str, float]:
    row, column = np.indices(shares.shape)
    mean = (row * shares).sum()
    variance = ((row - mean) ** 2 * shares).sum()
    covariance = ((row - mean) * (column - mean) * shares).sum()
    return {
        f"{prefix}_contrast": float(((row - column) ** 2 * shares).sum()),
        f"{prefix}_homogeneity": float((shares / (1 + np.abs(row - column))).sum()),
        f"{prefix}_energy": float(np.sqrt((shares**2).sum())),
        f"{prefix}_correlation": float(covariance / variance) if variance > 0 else 1.0,
    }


FEATURES: tuple[str, ...] = tuple(_of_one(np.eye(32, dtype=np.float32), np.eye(32) > 0, 1.5))
