"""The parts of a parcellation as labels on the pixels of the slice."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.models.arrays import Array
from callosal.models.errors import GeometryError
from callosal.pipelines.geometry import polygon
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.morphometry.parcellation import Parcellation
from callosal.pipelines.outline.contour import LEVEL


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
            held = polygon.contains(part, points)
            labels[rows[held], columns[held]] = number
    if not labels.any():
        raise GeometryError("parcel mask: the parts lie beside the mask", "shape_mismatch")
    # Pixels of the border may lie outside the smoothed outline by a fraction of a pixel.
    nearest = ndimage.distance_transform_edt(
        labels == 0, sampling=slice_image.spacing_mm, return_distances=False, return_indices=True
    )
    filled: NDArray[np.uint8] = np.where(inside, labels[tuple(nearest)], 0).astype(np.uint8)
    return filled
