"""Doubt about a callosum in a map of classes instead of intensities.

A segmentation that was stored as an image has the shape of a head, and a network may outline the
callosum of its white matter. But its borders are those that someone drew, in steps of a voxel.
"""

from dataclasses import replace
from typing import Any, Final

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray

from callosal.pipelines.callosum.segmentation import Callosum
from callosal.pipelines.case.near_voxels import voxels_near

REASON: Final = "equal_voxels"

_MOST_EQUAL: Final = 0.4
"""Share of neighbours about the callosum, air left out, that hold one value: at most 0.11 in real
heads of eight bits, 0.6 with eight intensities, 0.9 with four."""
_FACTOR: Final = 0.3


def doubted_on_classes(callosum: Callosum, volume: Volume) -> Callosum:
    """A callosum less trusted where most neighbouring voxels around it are equal.

    Args:
        callosum: What was found.
        volume: What was planned on.
    """
    if equal_share(voxels_near(callosum, volume)) <= _MOST_EQUAL:
        return callosum
    return replace(callosum, quality=callosum.quality.lowered(_FACTOR, REASON))


def equal_share(voxels: NDArray[Any]) -> float:
    """Share of neighbouring voxels, both brighter than the darkest, that hold one value; 0 to 1.

    Args:
        voxels: Intensities, shape (I, J, K).
    """
    if not voxels.size:  # what was found lies beside the volume
        return 0.0
    bright = voxels > voxels.min()
    n_pairs = n_equal = 0
    for axis in range(3):
        values, tissue = np.moveaxis(voxels, axis, 0), np.moveaxis(bright, axis, 0)
        pairs = tissue[1:] & tissue[:-1]
        n_pairs += int(pairs.sum())
        n_equal += int((pairs & (values[1:] == values[:-1])).sum())
    return n_equal / n_pairs if n_pairs else 0.0
