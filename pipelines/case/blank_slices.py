"""Doubt about a callosum through which a blank slice of voxels runs.

Lost data is often written as zeros: a whole slice, or a part of one. Between two slices of tissue
it looks like a dark border to the network, which then outlines what is left on one side of it.
"""

from dataclasses import replace
from typing import Any, Final

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray

from callosal.pipelines.callosum.segmentation import Callosum

REASON: Final = "blank_slice"

_AROUND_MM: Final = 4.0
_LEAST_SHARE: Final = 0.5
"""Share of the voxels about the callosum in one slice. Fluid that is stored as zero, as in the
fissure of a picture of eight bits, fills less of any slice through a callosum."""
_FACTOR: Final = 0.3


def doubted_on_blank(callosum: Callosum, volume: Volume) -> Callosum:
    """A callosum less trusted where a slice of its surroundings is blank.

    Args:
        callosum: What was found.
        volume: What was planned on.
    """
    near = around(callosum, volume)
    if max(_blank_share(near, axis) for axis in range(3)) < _LEAST_SHARE:
        return callosum
    return replace(callosum, quality=callosum.quality.lowered(_FACTOR, REASON))


def around(callosum: Callosum, volume: Volume) -> NDArray[Any]:
    """The voxels about the callosum, with at least one slice more on each side of its plane."""
    lps_mm = callosum.slice_image.mm_to_lps(callosum.contour_mm)
    to_index = np.linalg.inv(volume.affine)
    index = lps_mm @ to_index[:3, :3].T + to_index[:3, 3]
    margin = np.maximum(_AROUND_MM / np.array(volume.spacing), 2)
    low = np.floor(index.min(axis=0) - margin).astype(int).clip(0)
    high = np.ceil(index.max(axis=0) + margin).astype(int) + 1
    return np.asarray(volume.array[tuple(map(slice, low, high.clip(0)))])


def _blank_share(voxels: NDArray[Any], axis: int) -> float:
    """Largest share of a slice across an axis that is zero between slices that are not."""
    slices = np.moveaxis(voxels, axis, 0)
    if len(slices) < 3 or slices[0].size == 0:
        return 0.0
    is_zero = slices == 0
    is_blank = is_zero[1:-1] & ~is_zero[:-2] & ~is_zero[2:]
    return float(is_blank.mean(axis=(1, 2)).max())
