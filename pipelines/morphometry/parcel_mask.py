"""The parts of a parcellation as labels on the pixels of the slice."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.morphometry.parcellation import Parcellation
from callosal.pipelines.outline.contour import LEVEL

Array = NDArray[np.float64]


def parcel_mask(
    parcellation: Parcellation, component: Array, slice_image: SliceImage
) -> NDArray[np.uint8]:
    """Label of each pixel of the callosum.

    Args:
        parcellation: Parts as polygons.
        component: Probability map with every other component erased, shape (H, W).
        slice_image: Gives spacing and place.

    Returns:
        0 outside, the number of the part (from 1, anterior first) inside, and one more than the
        number of parts in an anterior third that cannot be divided; shape (H, W).

    Raises:
        GeometryError: No pixel centre lies in any part.
    """
    inside = component >= LEVEL
    pixels = np.argwhere(inside)
    points = slice_image.pixels_to_mm(pixels)
    labels = np.zeros(inside.shape, dtype=np.uint8)
    rows, columns = pixels.T
    for number, part in enumerate((*parcellation.parts_mm, parcellation.undivided_mm), start=1):
        if part is not None and len(part) >= 3:
            held = _holds(part, points)
            labels[rows[held], columns[held]] = number
    if not labels.any():
        raise GeometryError("parcel mask: the parts lie beside the mask", "shape_mismatch")
    # Pixels of the border may lie outside the smoothed outline by a fraction of a pixel.
    nearest = ndimage.distance_transform_edt(
        labels == 0, sampling=slice_image.spacing_mm, return_distances=False, return_indices=True
    )
    filled: NDArray[np.uint8] = np.where(inside, labels[tuple(nearest)], 0).astype(np.uint8)
    return filled


def _holds(polygon_mm: Array, points_mm: Array) -> NDArray[np.bool_]:
    """Which points lie in a polygon, by the even-odd rule."""
    low, high = polygon_mm.min(axis=0), polygon_mm.max(axis=0)
    near = np.flatnonzero(((points_mm >= low) & (points_mm <= high)).all(axis=1))
    x, y = points_mm[near].T[:, :, None]
    (x0, y0), (x1, y1) = polygon_mm.T, np.roll(polygon_mm, -1, axis=0).T
    crosses = (y0 > y) != (y1 > y)
    rise = np.where(y1 == y0, 1.0, y1 - y0)
    beyond = x < x0 + (y - y0) / rise * (x1 - x0)
    held = np.zeros(len(points_mm), dtype=bool)
    held[near] = (crosses & beyond).sum(axis=1) % 2 == 1
    return held
