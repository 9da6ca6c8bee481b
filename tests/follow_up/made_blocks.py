"""Textures for registration: a random head-sized field in its place in the patient."""

import numpy as np
from highdicom import Volume
from scipy import ndimage

SPACING_MM = 2.0


def texture(seed: int, shape: tuple[int, int, int] = (70, 80, 64)) -> Volume:
    """Smooth random voxels of 2 mm about the origin, array axes (inferior, posterior, left)."""
    noise = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    field = ndimage.gaussian_filter(noise, 2.0) * 100 + 20
    affine = np.eye(4)
    affine[:3, :3] = np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]]) * SPACING_MM
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return Volume(field.astype(np.float32), affine, "PATIENT")
