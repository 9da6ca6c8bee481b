"""Intensities as whole gray levels, as scanners store them."""

import numpy as np
from highdicom import Volume

_FEWEST_LEVELS = 500


def whole_levels(volume: Volume) -> Volume:
    """A volume rounded to integers of 16 bits; as it is where that would lose levels.

    Args:
        volume: Intensities of any range.
    """
    low, high = float(volume.array.min()), float(volume.array.max())
    if not _FEWEST_LEVELS <= high <= 65535 or low < -32768 or (low < -0.5 and high > 32767):
        return volume
    kind = np.uint16 if low >= -0.5 else np.int16
    whole = np.empty(volume.spatial_shape, kind)
    for index in range(len(whole)):
        whole[index] = np.rint(np.maximum(volume.array[index], 0 if low >= -0.5 else low))
    return volume.with_array(whole)
