"""A bank of slices with signed distances to the callosum, for training generators."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.models.errors import DataError
from callosal.pipelines.datasets.slice_bank import LabelledSlice, evenly_spread, scaled, to_grid

REACH_MM = 20.0
"""Signed distances are kept up to here; beyond, the squashed distance is flat."""


@dataclass(frozen=True, eq=False)
class PairBank:
    """Slices on one square grid.

    Attributes:
        images: Intensities scaled so that the 99.9th percentile is 1, float16, shape (N, S, S).
        distances_mm: Signed distance to the border of the callosum, positive inside, within
            20 mm, float16, shape (N, S, S); -20 throughout where unlabelled.
        centers_mm: Centre (x, y) of the callosum from the slice's centre, x along columns and y
            along rows, shape (N, 2); the mean of the labelled ones where unlabelled.
        labelled: Which slices may show their label, shape (N,).
        spacing_mm: Pixel size of the grid.
    """

    images: NDArray[np.float16]
    distances_mm: NDArray[np.float16]
    centers_mm: NDArray[np.float32]
    labelled: NDArray[np.bool_]
    spacing_mm: float

    def __len__(self) -> int:
        return len(self.images)


def make_pair_bank(
    slices: Sequence[LabelledSlice], labelled: int | None, spacing_mm: float, size: int
) -> PairBank:
    """Bring slices to one grid.

    Args:
        slices: Slices of any size and spacing.
        labelled: So many of them, evenly spread, keep their label; all without it.
        spacing_mm: Pixel size of the bank.
        size: Rows and columns of the bank.

    Raises:
        DataError: There is no slice, or none is to keep its label.
    """
    if not slices or labelled == 0:
        raise DataError("a generator needs at least one labelled slice", code="no_slices")
    kept = np.zeros(len(slices), dtype=bool)
    # The same rule as for a segmenter with a limit, so that both can be given the same labels.
    kept[evenly_spread(range(len(slices)), labelled)] = True
    images = np.stack([to_grid(scaled(one.image), one, spacing_mm, size) for one in slices])
    distances = np.full(images.shape, -REACH_MM, dtype=np.float16)
    centers = np.zeros((len(slices), 2), dtype=np.float32)
    for index in np.flatnonzero(kept).tolist():
        one = slices[index]
        # Shifted, so that what lies outside the slice reads as far away.
        shifted = signed_distance_mm(one.mask, one.spacing_mm) + REACH_MM
        distances[index] = to_grid(shifted, one, spacing_mm, size) - np.float16(REACH_MM)
        centers[index] = _center_mm(one)
    centers[~kept] = centers[kept].mean(0)
    return PairBank(images, distances, centers, kept, spacing_mm)


def signed_distance_mm(
    mask: NDArray[np.uint8], spacing_mm: tuple[float, float]
) -> NDArray[np.float32]:
    """Distance of each pixel centre to the border of a mask, positive inside, within 20 mm.

    Args:
        mask: 0 or 1, at least one pixel set, shape (H, W).
        spacing_mm: Distance between rows and between columns.

    Returns:
        Shape (H, W).

    Example:
        >>> signed_distance_mm(np.array([[0, 1, 1, 1, 0]], dtype=np.uint8), (1.0, 1.0)).tolist()
        [[-0.5, 0.5, 1.5, 0.5, -0.5]]
    """
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    box = tuple(
        slice(max(0, found[0] - margin), found[-1] + margin + 1)
        for found, margin in zip(
            (rows, columns), (int(REACH_MM / step) + 2 for step in spacing_mm), strict=True
        )
    )
    near = mask[box] > 0
    half = 0.5 * min(spacing_mm)
    inside = ndimage.distance_transform_edt(near, sampling=spacing_mm)
    outside = ndimage.distance_transform_edt(~near, sampling=spacing_mm)
    distance = np.full(mask.shape, -REACH_MM, dtype=np.float32)
    signed = np.where(near, inside - half, half - outside)
    distance[box] = np.clip(signed, -REACH_MM, REACH_MM)
    return distance


def _center_mm(one: LabelledSlice) -> tuple[float, float]:
    """Centroid (x, y) of a mask from the centre of its slice."""
    rows, columns = np.nonzero(one.mask)
    height, width = one.mask.shape
    return (
        (float(columns.mean()) - (width - 1) / 2) * one.spacing_mm[1],
        (float(rows.mean()) - (height - 1) / 2) * one.spacing_mm[0],
    )
