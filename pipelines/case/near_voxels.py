"""The voxels about a callosum, which the doubts about damaged voxels look at."""

from typing import Any, Final

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray

from callosal.pipelines.callosum.segmentation import Callosum

_MARGIN_MM: Final = 4.0
_LEAST_MARGIN: Final = 2  # voxels


def voxels_near(callosum: Callosum, volume: Volume) -> NDArray[Any]:
    """The voxels about a callosum, shape (I, J, K): 4 mm beyond it and two voxels at least.

    Args:
        callosum: What was found.
        volume: What was planned on.
    """
    return np.asarray(volume.array[box_near(callosum, volume)])


def box_near(callosum: Callosum, volume: Volume) -> tuple[slice, slice, slice]:
    """Their ranges along the axes of the volume; empty where the outline lies beside it."""
    lps_mm = callosum.slice_image.mm_to_lps(callosum.contour_mm)
    to_index = np.linalg.inv(volume.affine)
    index = lps_mm @ to_index[:3, :3].T + to_index[:3, 3]
    margin = np.maximum(_MARGIN_MM / np.array(volume.spacing), _LEAST_MARGIN)
    low = np.floor(index.min(axis=0) - margin).astype(int).clip(0)
    high = np.ceil(index.max(axis=0) + margin).astype(int) + 1
    i, j, k = map(slice, low.tolist(), high.clip(0).tolist())
    return i, j, k
