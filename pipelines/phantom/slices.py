"""Phantom slices: a midsagittal T1 head slice with its exact callosum mask."""

import math

import numpy as np
from numpy.typing import NDArray

from callosal.models.arrays import Image
from callosal.pipelines.phantom.anatomy import drawn_anatomy
from callosal.pipelines.phantom.arch import pixel_axes_mm
from callosal.pipelines.phantom.bodies import Textures, paint_head
from callosal.pipelines.phantom.canvas import Canvas
from callosal.pipelines.phantom.texture import smooth_field


def phantom_slice(
    seed: int, shape: tuple[int, int] = (256, 256), spacing_mm: float = 1.0
) -> tuple[Image, NDArray[np.uint8]]:
    """A random midsagittal head slice and the mask of its callosum.

    Shape, thickness, tilt (within 25 degrees), position, contrast, bias field and noise are
    drawn from the seed; equal arguments give equal pixels.

    Args:
        seed: Number of the slice.
        shape: Rows and columns (H, W).
        spacing_mm: Size of the square pixels.

    Returns:
        Intensities (raw units, at least 0, float32) and the mask (uint8, 0 or 1), both (H, W),
        rows superior to inferior, columns anterior to posterior.

    Example:
        >>> pixels, mask = phantom_slice(7, (128, 160), 1.5)
        >>> pixels.shape, int(mask.max())
        ((128, 160), 1)
    """
    rng = np.random.default_rng(seed)
    x, y = pixel_axes_mm(shape, (spacing_mm, spacing_mm))
    u, v = _head_coordinates(rng, x, y)
    anatomy = drawn_anatomy(rng)
    axes = (y[:, 0], x[0])
    textures = Textures(gyri=smooth_field(rng, axes, 4.5), patches=smooth_field(rng, axes, 9.0))
    canvas = Canvas.blank(u, v, np.zeros((1, 1), dtype=np.float32), max(0.8, spacing_mm))
    paint_head(canvas, anatomy, textures)
    bias = np.exp(rng.uniform(0.0, 0.25) * smooth_field(rng, axes, 90.0))
    pixels = scanned(rng, canvas.image * bias, noise=rng.uniform(0.005, 0.05))
    return pixels, anatomy.callosum.mask(u, v)


def scanned(rng: np.random.Generator, image: Image, noise: float) -> Image:
    """Magnitude image of a scan: Rician noise and a random scale.

    Args:
        rng: Source of the noise.
        image: Ideal intensities, white matter about 1.
        noise: Standard deviation of each channel relative to white matter.

    Returns:
        Intensities of the same shape; white matter lies between 150 and 1200.
    """
    real = image + noise * rng.standard_normal(image.shape, dtype=np.float32)
    imaginary = noise * rng.standard_normal(image.shape, dtype=np.float32)
    scale = np.float32(math.exp(rng.uniform(math.log(150), math.log(1200))))
    magnitude: Image = scale * np.sqrt(real * real + imaginary * imaginary)
    return magnitude


def _head_coordinates(
    rng: np.random.Generator, x_mm: NDArray[np.float64], y_mm: NDArray[np.float64]
) -> tuple[Image, Image]:
    """Head coordinates (u, v) of each pixel under a random tilt and shift, each (H, W)."""
    tilt = math.radians(np.clip(rng.normal(0, 9), -25, 25))
    # The callosum stays inside also where the field of view is small.
    reach = 0.05 * min(np.ptp(x_mm), np.ptp(y_mm))
    x0, y0 = rng.uniform(-reach, reach, 2)
    dx, dy = x_mm - x0, y_mm - y0 - reach / 2
    u = math.cos(tilt) * dx + math.sin(tilt) * dy
    v = math.cos(tilt) * dy - math.sin(tilt) * dx
    return u.astype(np.float32), v.astype(np.float32)
