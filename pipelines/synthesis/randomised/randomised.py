"""Domain-randomised slices: real anatomy, made-up appearance. Nothing is trained.

The idea is SynthSeg's (Billot et al. 2023, Med Image Anal 86:102789): deform a label map, draw
an intensity for every region, then bias field, blur, resolution and noise. No intensity of a
patient is in the result, but the shape of every region is a patient's, deformed.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.models.arrays import Array, Image
from callosal.pipelines.phantom.arch import pixel_axes_mm
from callosal.pipelines.phantom.texture import smooth_field
from callosal.pipelines.synthesis.randomised.settings import Randomisation
from callosal.pipelines.synthesis.randomised.tissue_classes import TissueClasses

AIR = 0.06
"""Regions below this share of the brightest tissue are air."""


def randomised_pair(
    anatomy: TissueClasses,
    spacing_mm: float,
    rng: np.random.Generator,
    settings: Randomisation = Randomisation(),  # noqa: B008 (frozen)
) -> tuple[Image, NDArray[np.uint8]]:
    """Draw one image with its mask from coarse anatomy.

    Args:
        anatomy: Regions of a slice, the callosum last.
        spacing_mm: Size of the square pixels.
        rng: Source of everything random; the same state gives the same pair.
        settings: How much may change.

    Returns:
        Intensities from 0 on, the brightest about 1, and the mask, 0 or 1, both (H, W).
    """
    callosum = len(anatomy.levels) - 1
    regions = _deformed(anatomy.regions, spacing_mm, rng, settings)
    mask = (regions == callosum).astype(np.uint8)
    levels = _drawn_levels(anatomy.levels, rng, settings)
    image = _painted(regions, levels, spacing_mm, rng, settings)
    image = image * _bias(image.shape, spacing_mm, rng, settings.bias)
    image = _scanned(image, spacing_mm, rng, settings)
    return (image / max(float(image.max()), 1e-6)).astype(np.float32), mask


def _deformed(
    regions: NDArray[np.uint8], spacing_mm: float, rng: np.random.Generator, settings: Randomisation
) -> NDArray[np.uint8]:
    """Turn, shift, zoom and bend a label map about its centre; what comes in is the edge's."""
    angle = np.deg2rad(rng.uniform(-settings.angle_deg, settings.angle_deg))
    cos, sin = np.cos(angle), np.sin(angle)
    zoom = np.exp(rng.uniform(-settings.log_scale, settings.log_scale, 2))
    turn = np.array([[cos, -sin], [sin, cos]]) / zoom
    shift = rng.uniform(-settings.shift_mm, settings.shift_mm, 2) / spacing_mm
    center = (np.array(regions.shape) - 1) / 2
    places = np.indices(regions.shape, dtype=float) - center[:, None, None]
    places = np.einsum("ij,jhw->ihw", turn, places) + (center + shift)[:, None, None]
    bend = settings.bend_mm / spacing_mm
    axes = _axes_mm(regions.shape, spacing_mm)
    for axis in range(2):
        places[axis] += bend * smooth_field(rng, axes, 12.0)
    moved: NDArray[np.uint8] = ndimage.map_coordinates(regions, places, order=0, mode="nearest")
    return moved


def _drawn_levels(levels: Array, rng: np.random.Generator, settings: Randomisation) -> Array:
    """Mean intensity of each region in the new image, from 0 to about 1."""
    white = int(np.argmin(np.abs(levels[:-1] - levels[-1])))
    if rng.random() < settings.natural:
        drawn = levels ** np.exp(rng.uniform(-0.4, 0.4)) + rng.normal(0, 0.06, len(levels))
    else:
        drawn = rng.uniform(0, 1, len(levels))
        # Air and its noise are dark in every contrast.
        drawn[levels < AIR] = rng.uniform(0, 0.1)
    if rng.random() >= settings.callosum_apart:
        drawn[-1] = drawn[white] + rng.normal(0, 0.03)
    limited: Array = drawn.clip(0, 1.2)
    return limited


def _painted(
    regions: NDArray[np.uint8],
    levels: Array,
    spacing_mm: float,
    rng: np.random.Generator,
    settings: Randomisation,
) -> Array:
    """Levels of the regions with a grain of its own strength in each."""
    axes = _axes_mm(regions.shape, spacing_mm)
    grain = smooth_field(rng, axes, 0.8) + smooth_field(rng, axes, 3.0)
    strength = rng.uniform(0, settings.texture, len(levels)) * np.minimum(levels * 4, 1)
    painted: Array = levels[regions] + strength[regions] * grain
    return painted.clip(0)


def _bias(
    shape: tuple[int, ...], spacing_mm: float, rng: np.random.Generator, strength: float
) -> Array:
    field = smooth_field(rng, _axes_mm(shape, spacing_mm), 60.0)
    bias: Array = np.exp(rng.uniform(0, strength) * field.astype(float))
    return bias


def _scanned(
    image: Array, spacing_mm: float, rng: np.random.Generator, settings: Randomisation
) -> Array:
    """Blur, the coarser pixels of a scanner with its Rician noise, and back to the grid."""
    sigma = rng.uniform(0.3, max(settings.blur_mm, 0.3), 2) / spacing_mm
    pixel_mm = rng.uniform(min(spacing_mm, settings.coarsest_mm), settings.coarsest_mm, 2)
    coarser = np.maximum(pixel_mm / spacing_mm, 1.0)
    smooth = ndimage.gaussian_filter(image, np.hypot(sigma, (coarser - 1) / 2))
    coarse = ndimage.zoom(smooth, 1 / coarser, order=1, grid_mode=True, mode="nearest")
    strength = rng.uniform(0, settings.noise)
    noise = strength * rng.standard_normal((2, *coarse.shape))
    magnitude = np.hypot(coarse + noise[0], noise[1])
    zoom = np.array(image.shape) / magnitude.shape
    scanned: Array = ndimage.zoom(magnitude, zoom, order=1, grid_mode=True, mode="nearest")
    return scanned


def _axes_mm(shape: tuple[int, ...], spacing_mm: float) -> tuple[Array, Array]:
    x, y = pixel_axes_mm((shape[0], shape[1]), (spacing_mm, spacing_mm))
    return y[:, 0], x[0]
