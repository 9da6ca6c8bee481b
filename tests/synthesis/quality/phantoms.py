"""Sets of phantom slices in the place of scans."""

import numpy as np
from scipy import ndimage

from callosal.pipelines.datasets.slice_bank import LabelledSlice
from callosal.pipelines.phantom import phantom_slice


def phantom_set(first: int, count: int, side: int = 96) -> list[LabelledSlice]:
    slices = []
    for seed in range(first, first + count):
        image, mask = phantom_slice(seed, (side, side), 2.0)
        slices.append(LabelledSlice(f"phantom-{seed}", "phantom", image, mask, (2.0, 2.0)))
    return slices


def turned(labelled: LabelledSlice, angle_deg: float, gain: float) -> LabelledSlice:
    """The same slice, turned and brighter: a copy that no pixel gives away."""
    image = ndimage.rotate(labelled.image, angle_deg, reshape=False, order=1, mode="nearest")
    mask = ndimage.rotate(labelled.mask.astype(float), angle_deg, reshape=False, order=1) > 0.5
    return LabelledSlice(
        "copy", "phantom", image * gain, mask.astype(np.uint8), labelled.spacing_mm
    )
