"""What else the network marked: pieces of a broken mask, and other candidates."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.models.arrays import Array, Mask
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.outline.contour import LEVEL, find_contours_mm

NEAR_MM = 10.0
"""A piece of the same callosum lies nearer than this; blobs in the neck or the face do not."""

LEAST_MM2 = 40.0
"""A component smaller than this is no candidate."""


@dataclass(frozen=True, eq=False)
class Others:
    """The components beside the one taken for the callosum.

    Attributes:
        near_mm2: Area of those that come within 10 mm of it.
        contours_mm: Outlines of the larger ones, near or far, each of shape (N, 2).
    """

    near_mm2: float
    contours_mm: list[Array]


def find_others(probability: NDArray[np.floating], inside: Mask, slice_image: SliceImage) -> Others:
    """Find the components beside the one taken for the callosum.

    Args:
        probability: The whole map of the segmenter, shape (H, W).
        inside: The component taken, shape (H, W).
        slice_image: The slice they were found on.
    """
    marked = (probability >= LEVEL) & ~inside
    if not marked.any():
        return Others(0.0, [])
    pixel_mm2 = float(np.prod(slice_image.spacing_mm))
    labels, count = ndimage.label(marked, structure=np.ones((3, 3)))
    areas_mm2 = np.bincount(labels.ravel(), minlength=count + 1) * pixel_mm2
    near = np.unique(labels[within(inside, NEAR_MM, slice_image) & marked])
    large = [i for i in range(1, count + 1) if areas_mm2[i] >= LEAST_MM2]
    alone = (np.where(labels == i, probability, 0.0) for i in large)
    contours_mm = [find_contours_mm(one, slice_image)[0] for one in alone]
    return Others(float(areas_mm2[near].sum()), contours_mm)


def within(inside: Mask, reach_mm: float, slice_image: SliceImage) -> Mask:
    """The pixels whose centres lie within reach of a component, itself included.

    Args:
        inside: The component, at least one pixel, shape (H, W).
        reach_mm: Distance between pixel centres.
        slice_image: Gives the spacing.
    """
    margin = np.ceil(reach_mm / np.array(slice_image.spacing_mm)).astype(int)
    (found,) = ndimage.find_objects(inside.astype(np.uint8))
    window = tuple(
        slice(max(part.start - more, 0), part.stop + more)
        for part, more in zip(found, margin, strict=True)
    )
    reached = np.zeros_like(inside)
    distance_mm = ndimage.distance_transform_edt(~inside[window], sampling=slice_image.spacing_mm)
    reached[window] = distance_mm <= reach_mm
    return reached
