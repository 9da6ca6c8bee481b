"""A seeded random pose and scanner for each slice, applied to image and reference alike.

The public slices all have nearly one pose; heads in a scanner do not.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.models.arrays import Array
from callosal.pipelines.datasets.slice_bank import LabelledSlice


def posed(labelled: LabelledSlice, seed: int) -> LabelledSlice:
    """Turn by up to 45 degrees, shift by 20 mm, zoom by 0.85 to 1.15; gamma, bias and noise.

    Args:
        labelled: Slice and mask of any spacing.
        seed: Equal seeds give equal poses.
    """
    draw = np.random.default_rng(seed)
    angle = np.deg2rad(draw.uniform(-45, 45))
    shift_mm = draw.uniform(-20, 20, 2)
    zoom = draw.uniform(0.85, 1.15)
    spacing = np.array(labelled.spacing_mm)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, -sin], [sin, cos]]) / zoom
    # In millimetres, so that anisotropic pixels do not shear the head.
    matrix = turn * spacing[None, :] / spacing[:, None]
    center = (np.array(labelled.image.shape) - 1) / 2
    offset = center - matrix @ (center + shift_mm / spacing)
    image = ndimage.affine_transform(labelled.image.astype(np.float64), matrix, offset, order=1)
    mask = ndimage.affine_transform(labelled.mask.astype(np.float64), matrix, offset, order=1)
    return replace(labelled, image=_rescanned(image, draw), mask=(mask > 0.5).astype(np.uint8))


def _rescanned(image: Array, draw: np.random.Generator) -> NDArray[np.float32]:
    """Another contrast, a smooth bias field and Rician noise of up to 5 %."""
    top = float(np.percentile(image, 99.5))
    changed = (image / top).clip(0) ** np.exp(draw.uniform(-0.3, 0.3))
    knots = draw.standard_normal((3, 3)) * draw.uniform(0, 0.2)
    size = np.array(image.shape)
    rows = np.linspace(0, 2, size[0])[:, None].repeat(size[1], axis=1)
    columns = np.linspace(0, 2, size[1])[None, :].repeat(size[0], axis=0)
    bias = np.exp(ndimage.map_coordinates(knots, [rows, columns], order=2, mode="nearest"))
    noise = draw.standard_normal((2, *image.shape)) * draw.uniform(0, 0.05)
    rescanned: NDArray[np.float32] = np.hypot(changed * bias + noise[0], noise[1]).astype(
        np.float32
    )
    return rescanned * np.float32(top)
