"""The area of the callosum with its border pixels counted by their share."""

import math

import numpy as np
from scipy import ndimage

from callosal.models.arrays import Array
from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.outline.contour import LEVEL

FRINGE_MM = 2.0


def partial_volume_area_mm2(component: Array, slice_image: SliceImage) -> float:
    """Area that counts each pixel by its probability, in mm2.

    Counted are the pixels of the component and those within 2 mm (at least one pixel) of it, so
    that faint probabilities far away add nothing. A binary mask gives its pixel count.

    Args:
        component: Probability map with every other component erased, shape (H, W).
        slice_image: Gives the spacing.

    Raises:
        GeometryError: No pixel of the map reaches the level.
    """
    inside = component >= LEVEL
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    if len(rows) == 0:
        raise GeometryError("area: no pixel of the map reaches one half", "empty_mask")
    reach = np.maximum(np.ceil(FRINGE_MM / np.array(slice_image.spacing_mm)), 1).astype(int)
    window = tuple(
        slice(max(int(at[0]) - extra, 0), int(at[-1]) + extra + 1)
        for at, extra in zip((rows, columns), reach, strict=True)
    )
    near = ndimage.maximum_filter(inside[window], size=tuple(2 * reach + 1), mode="constant")
    return float(component[window][near].sum() * math.prod(slice_image.spacing_mm))
