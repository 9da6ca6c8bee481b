"""A callosum that the network broke in two, made whole where its map says so.

A thin isthmus may fall under the level over a few millimetres while the map still shows a ridge
there. The pieces are one callosum then, and the border of the ridge lies, as everywhere, where the
map falls to half of what it reaches.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from scipy import ndimage

from callosal.models.arrays import Array, Mask

LEAST_RIDGE: Final = 0.02
"""Probability along a ridge from which it joins pieces. Set on the validation sites: where their
slices, degraded or turned, gave broken maps (22 of three networks), each piece that a ridge of 0.02
or more led to was callosum; blobs elsewhere had no ridge."""

LEAST_PIECE_MM2: Final = 20.0
LARGEST_GAP_MM: Final = 10.0
_NEIGHBOURS: Final = np.ones((3, 3))
_RIDGE_STEP: Final = 0.01
_ASIDE_MM: Final = 3.0  # how much longer than the gap the way through a pixel of the ridge may be


def joined(probability: Array, spacing_mm: tuple[float, float], level: float) -> Array:
    """The map with the ridges between pieces of one object raised above the level.

    Args:
        probability: Map, values 0 to 1, shape (H, W).
        spacing_mm: Size of a pixel.
        level: Probability at the border.

    Returns:
        The map itself where nothing is to join, else a changed copy.
    """
    if level <= LEAST_RIDGE:
        return probability
    whole = probability
    for largest, *others in _broken(probability, spacing_mm, level):
        for piece in others:
            whole = np.maximum(whole, _bridge(probability, spacing_mm, level, largest, piece))
    return whole


def _broken(
    probability: Array, spacing_mm: tuple[float, float], level: float
) -> Iterator[list[Mask]]:
    """The pieces, largest first, of each object that is one at the height of the lowest ridge."""
    labels, count = ndimage.label(probability >= level, structure=_NEIGHBOURS)
    if count < 2:
        return
    areas_mm2 = np.bincount(labels.ravel())[1:] * np.prod(spacing_mm)
    # No specks: what touches a callosum by a few pixels is no part of it.
    large = 1 + np.flatnonzero(areas_mm2 >= LEAST_PIECE_MM2)
    objects, _ = ndimage.label(probability >= LEAST_RIDGE, structure=_NEIGHBOURS)
    object_of = ndimage.maximum(objects, labels, large).astype(int) if len(large) else large
    for each in np.unique(object_of):
        members = large[object_of == each]
        if len(members) > 1:
            yield [labels == member for member in members[np.argsort(-areas_mm2[members - 1])]]


def _bridge(
    probability: Array,
    spacing_mm: tuple[float, float],
    level: float,
    largest: Mask,
    piece: Mask,
) -> Array:
    """The ridge from one piece to another, raised; 0 elsewhere and where they lie too far apart."""
    from_largest_mm = ndimage.distance_transform_edt(~largest, sampling=spacing_mm)
    gap_mm = float(from_largest_mm[piece].min())
    if gap_mm > LARGEST_GAP_MM:
        return np.zeros_like(probability)
    way_mm = from_largest_mm + ndimage.distance_transform_edt(~piece, sampling=spacing_mm)
    ridge = _ridge(probability, largest, piece, level)
    raised = np.minimum(probability * (2 * level / ridge), 1.0)
    return np.where(way_mm <= gap_mm + _ASIDE_MM, raised, 0.0)


def _ridge(probability: Array, one: Mask, other: Mask, level: float) -> float:
    """The highest level that joins two pieces, to a hundredth."""
    for height in np.arange(level, LEAST_RIDGE, -_RIDGE_STEP):
        labels, _ = ndimage.label(probability >= height, structure=_NEIGHBOURS)
        if labels[one][0] == labels[other][0]:
            return float(height)
    return LEAST_RIDGE
