"""Doubt about a callosum beside which single voxels hold values that no tissue has.

Flipped bits, of a bad disk or memory, leave voxels many times as bright as any tissue, or far below
air. One at the callosum moves its border, and draws the contrast of the whole slice to itself.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from highdicom import Volume
from scipy.ndimage import uniform_filter

from callosal.pipelines.callosum.segmentation import Callosum
from callosal.pipelines.case.near_voxels import voxels_near

REASON: Final = "stray_voxels"

_BEYOND: Final = 1.5
"""How far a voxel lies beyond the intensities of the volume, as a share of their range. Over the
60 heads and 14 DICOM stacks of the tests, the brightest voxel reached 1.02 and the darkest 0.02."""
_RANGE_PERCENT: Final = (0.1, 99.9)
_SAMPLES: Final = 40  # along each axis
_MOST_BEYOND: Final = 4  # of the 27 voxels about a stray one, itself included: more are no chance
_FACTOR: Final = 0.3


def doubted_on_strays(callosum: Callosum, volume: Volume) -> Callosum:
    """A callosum less trusted where voxels around it hold impossible values.

    Args:
        callosum: What was found.
        volume: What was planned on.
    """
    voxels = volume.array
    sparse = voxels[tuple(slice(None, None, max(1, n // _SAMPLES)) for n in voxels.shape)]
    low, high = (float(value) for value in np.percentile(sparse, _RANGE_PERCENT))
    margin = _BEYOND * (high - low)
    near = voxels_near(callosum, volume)
    is_beyond = (near > high + margin) | (near < low - margin)
    if not is_beyond.any():
        return callosum
    n_beyond = 27 * uniform_filter(is_beyond.astype(np.float32), 3, mode="constant")
    if not (is_beyond & (n_beyond < _MOST_BEYOND + 0.5)).any():
        return callosum
    return replace(callosum, quality=callosum.quality.lowered(_FACTOR, REASON))
