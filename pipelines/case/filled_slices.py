"""Doubt about a callosum that lies on slices which were missing and filled in."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from highdicom import Volume

from callosal.pipelines.callosum.quality import Range
from callosal.pipelines.callosum.segmentation import Callosum

REASON: Final = "filled_slices"

FILLED_MM: Final = Range(-3.0, 4.0, 1e6, 2e6)
"""Distance of the outline from the gap that was filled: the pose is expected to stay over 4 mm
(`neighbours`). Inside a gap of two slices of 1.8 mm the angle was off by 1.3 degrees."""


def doubted_on_filled(callosum: Callosum, volume: Volume, filled: Sequence[int]) -> Callosum:
    """A callosum less trusted the nearer it lies to slices that were filled in.

    Args:
        callosum: What was found.
        volume: What was planned on.
        filled: Indices along its array axis 0 that hold no measured slice.
    """
    if not filled:
        return callosum
    lps_mm = callosum.slice_image.mm_to_lps(callosum.contour_mm)
    rows = np.linalg.inv(volume.affine)[0]
    slices = lps_mm @ rows[:3] + rows[3]
    # the values of a filled slice reach to both its neighbours
    beyond = np.abs(slices[:, None] - np.asarray(filled)[None]) - 1
    gap_mm = max(0.0, float(beyond.min()) * float(volume.spacing[0]))
    quality = callosum.quality.lowered(FILLED_MM.score(gap_mm), REASON)
    return replace(callosum, quality=quality)
