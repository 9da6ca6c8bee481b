"""How well one mask covers another, in shares and in millimetres."""

import numpy as np
from scipy import ndimage

from callosal.models.arrays import Array, Mask
from callosal.models.errors import GeometryError


def dice(mask: Mask, reference: Mask) -> float:
    """Dice coefficient, 2 |A and B| / (|A| + |B|), from 0 to 1.

    >>> dice(np.array([True, True]), np.array([True, False]))
    0.6666666666666666
    """
    _require_reference(reference)
    return 2 * float((mask & reference).sum()) / float(mask.sum() + reference.sum())


def iou(mask: Mask, reference: Mask) -> float:
    """Intersection over union, from 0 to 1."""
    _require_reference(reference)
    return float((mask & reference).sum()) / float((mask | reference).sum())


def area_bias_pct(mask: Mask, reference: Mask) -> float:
    """Area of the mask over that of the reference, minus one, in per cent."""
    _require_reference(reference)
    return 100 * (float(mask.sum()) / float(reference.sum()) - 1)


def border_distances_mm(
    mask: Mask, reference: Mask, spacing_mm: tuple[float, float]
) -> tuple[Array, Array]:
    """Distances from each border pixel to the other border, both ways, in mm.

    Raises:
        GeometryError: A mask is empty.
    """
    _require_reference(reference)
    if not mask.any():
        raise GeometryError("the mask is empty, so it has no border", code="empty_mask")
    borders = [_border(mask), _border(reference)]
    to_first, to_second = (
        ndimage.distance_transform_edt(~border, sampling=spacing_mm) for border in borders
    )
    return to_second[borders[0]], to_first[borders[1]]


def hd95_mm(there: Array, back: Array) -> float:
    """95th percentile of all border distances (robust Hausdorff distance) in mm."""
    return float(np.percentile(np.concatenate([there, back]), 95))


def assd_mm(there: Array, back: Array) -> float:
    """Average symmetric surface distance in mm."""
    return float(np.concatenate([there, back]).mean())


def _border(mask: Mask) -> Mask:
    border: Mask = mask & ~ndimage.binary_erosion(mask)
    return border


def _require_reference(reference: Mask) -> None:
    if not reference.any():
        raise GeometryError("the reference mask is empty", code="empty_mask")
