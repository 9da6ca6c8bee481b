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
from callosal.pipelines.case.blank_slices import around

REASON: Final = "odd_slice"

_LARGEST_RATIO: Final = 2.5
"""Mean of a slice about the callosum over that of its two neighbours, or the inverse. Within the 60
heads and 7 DICOM images of the tests it was 0.56 to 1.47."""
_FACTOR: Final = 0.3


def doubted_on_odd_slices(callosum: Callosum, volume: Volume) -> Callosum:
    """A callosum less trusted where a slice of its surroundings is of another brightness.

    Args:
        callosum: What was found.
        volume: What was planned on.
    """
    near = around(callosum, volume).astype(np.float32)
    near -= near.min(initial=0.0)  # air below zero, as after a rescale
    if max(_ratio(near, axis) for axis in range(3)) <= _LARGEST_RATIO:
        return callosum
    return replace(callosum, quality=callosum.quality.lowered(_FACTOR, REASON))


def _ratio(voxels: NDArray[Any], axis: int) -> float:
    """Largest ratio between the means of a slice across an axis and of the two beside it."""
    means = np.moveaxis(voxels, axis, 0).reshape(voxels.shape[axis], -1).mean(axis=1)
    if len(means) < 3 or means.max() <= 0:
        return 1.0
    least = means.max() / 1e3
    inside, beside = means[1:-1] + least, (means[:-2] + means[2:]) / 2 + least
    return float(np.maximum(inside / beside, beside / inside).max())
