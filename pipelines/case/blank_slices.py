"""Doubt about a callosum through which a blank slice of voxels runs, or a blank row.

Lost data is often written as zeros: a whole slice, or a part of one. Between two slices of tissue
it looks like a dark border to the network, which then outlines what is left on one side of it.
"""

from dataclasses import replace
from typing import Any, Final

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray

from callosal.pipelines.callosum.segmentation import Callosum
from callosal.pipelines.case.near_voxels import box_near, voxels_near

REASON: Final = "blank_slice"

_LEAST_SHARE: Final = 0.5
"""Share of the voxels about the callosum in one slice. Fluid that is stored as zero, as in the
fissure of a picture of eight bits, fills less of any slice through a callosum."""
_LEAST_ROW: Final = 32  # voxels, below which a row may hold one value by chance
_FACTOR: Final = 0.3


def doubted_on_blank(callosum: Callosum, volume: Volume) -> Callosum:
    """A callosum less trusted where a slice of its surroundings is blank, or a row across the head.

    Args:
        callosum: What was found.
        volume: What was planned on.
    """
    near = voxels_near(callosum, volume)
    is_blank = max(_blank_share(near, axis) for axis in range(3)) >= _LEAST_SHARE
    if not is_blank and not any(_has_blank_row(callosum, volume, axis) for axis in range(3)):
        return callosum
    return replace(callosum, quality=callosum.quality.lowered(_FACTOR, REASON))


def _blank_share(voxels: NDArray[Any], axis: int) -> float:
    """Largest share of a slice across an axis that is zero between slices that are not."""
    slices = np.moveaxis(voxels, axis, 0)
    if len(slices) < 3 or slices[0].size == 0:
        return 0.0
    is_zero = slices == 0
    is_blank = is_zero[1:-1] & ~is_zero[:-2] & ~is_zero[2:]
    return float(is_blank.mean(axis=(1, 2)).max())


def _has_blank_row(callosum: Callosum, volume: Volume, axis: int) -> bool:
    """Whether rows along an axis hold one value through the middle half of the volume.

    Such a row crosses the head. Where the rows beside it hold one value too, it is the air about a
    picture or between its slices.
    """
    length = volume.array.shape[axis]
    if length < _LEAST_ROW:
        return False
    box = list(box_near(callosum, volume))
    box[axis] = slice(length // 4, length - length // 4)
    rows = volume.array[tuple(box)]
    is_one = np.pad(rows.min(axis=axis) == rows.max(axis=axis), 1, constant_values=True)
    inner = is_one[1:-1, 1:-1]
    between = (is_one[:-2, 1:-1] | is_one[2:, 1:-1], is_one[1:-1, :-2] | is_one[1:-1, 2:])
    return bool((inner & ~between[0]).any() or (inner & ~between[1]).any())
