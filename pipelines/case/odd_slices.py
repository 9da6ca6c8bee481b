"""Doubt about a callosum through which a slice of another brightness runs.

A slice that lost its rescale slope, whose bytes were swapped, or that was filled with one value is
many times as bright or as dark as the slices beside it, which no anatomy is.
"""

from dataclasses import replace
from typing import Any, Final

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray

from callosal.pipelines.callosum.segmentation import Callosum
from callosal.pipelines.case.near_voxels import voxels_near

REASON: Final = "odd_slice"

_LARGEST_RATIO: Final = 2.5
"""Factor between the mean of a slice about the callosum and those of both slices beside it. It was
at most 1.8 in 60 real heads and 7 DICOM images."""
_FACTOR: Final = 0.3


def doubted_on_odd_slices(callosum: Callosum, volume: Volume) -> Callosum:
    """A callosum less trusted where a slice of its surroundings is of another brightness.

    Args:
        callosum: What was found.
        volume: What was planned on.
    """
    near = voxels_near(callosum, volume).astype(np.float32)
    near -= near.min(initial=0.0)  # air below zero, as after a rescale
    if max(_ratio(near, axis) for axis in range(3)) <= _LARGEST_RATIO:
        return callosum
    return replace(callosum, quality=callosum.quality.lowered(_FACTOR, REASON))


def _ratio(voxels: NDArray[Any], axis: int) -> float:
    """Largest factor by which the mean of a slice is above both beside it, or below both.

    Both, because at the edge of a padded volume all slices on one side are dark.
    """
    if not voxels.size:  # what was found lies beside the volume
        return 1.0
    means = np.moveaxis(voxels, axis, 0).reshape(voxels.shape[axis], -1).mean(axis=1)
    if len(means) < 3 or means.max() <= 0:
        return 1.0
    least = means.max() / 1e3
    before, inside, behind = (means[start : len(means) - 2 + start] + least for start in range(3))
    above, below = inside / np.maximum(before, behind), np.minimum(before, behind) / inside
    return float(np.maximum(above, below).max())
