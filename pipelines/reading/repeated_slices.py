"""Volumes that nearest-neighbour resampling filled with copies of their slices.

Some archives bring every series to one voxel size by copying the nearest slice: an axial stack of
5 mm then calls itself isotropic at 2 mm. Read as it says, its borders are stairs that no network
knows, and its coarseness goes unnoticed. The copies are taken out, so that the volume has the
slices and the distance that were acquired.
"""

from itertools import pairwise
from typing import Final

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray

LEAST_PERIOD: Final = 1.25
"""Voxels to a slice from which on a volume counts as resampled: a copy in every five slices."""

LEAST_SLICES: Final = 6
"""So many different slices are needed to tell an even distance."""

_STRIDE = 4  # of the voxels that are compared first: volumes without copies cost little


def without_repeats(volume: Volume) -> Volume:
    """The volume on the grid it was resampled from, along each axis that holds copies.

    Args:
        volume: Array axes as read.

    Returns:
        The volume itself where its slices are not copied evenly, else one with fewer slices, each
        as thick as its copies together. Slices of one value at either end are left out.
    """
    for axis in range(3):
        volume = _without_repeats_along(volume, axis)
    return volume


def _without_repeats_along(volume: Volume, axis: int) -> Volume:
    slices = np.moveaxis(volume.array, axis, 0)
    if len(slices) < LEAST_SLICES or _count_changes(slices[:, ::_STRIDE, ::_STRIDE]) > (
        len(slices) / LEAST_PERIOD
    ):
        return volume
    starts = _changes(slices)
    if len(starts) < LEAST_SLICES:
        return volume
    # Slice j begins at `border + j * period`, so its first copy is the next voxel behind that.
    number = np.arange(len(starts))
    period = np.polyfit(number, starts, 1)[0]
    behind = starts - number * period
    if period < LEAST_PERIOD or np.ptp(behind) > 1 + 1e-6:
        return volume
    border = (behind.max() - 1 + behind.min()) / 2
    affine = np.array(volume.affine)
    affine[:3, 3] += affine[:3, axis] * (border + period / 2)
    affine[:3, axis] *= period
    kept = np.take(volume.array, starts[:-1], axis)
    return Volume(kept, affine, volume.coordinate_system, volume.frame_of_reference_uid)


def _changes(slices: NDArray[np.generic]) -> NDArray[np.int64]:
    """Index of each slice that differs from the one before it."""
    differ = [not np.array_equal(*pair) for pair in pairwise(slices)]
    return np.flatnonzero(differ) + 1


def _count_changes(slices: NDArray[np.generic]) -> int:
    return int((slices[1:] != slices[:-1]).any(axis=(1, 2)).sum())
