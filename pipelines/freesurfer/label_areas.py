"""The callosal labels of a FreeSurfer segmentation, measured in the midsagittal plane of a plan."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray
from scipy import ndimage

from callosal.pipelines.geometry.slice_image import SliceImage

LABELS: Final[Mapping[int, str]] = {
    251: "posterior",
    252: "mid_posterior",
    253: "central",
    254: "mid_anterior",
    255: "anterior",
}
"""Labels of the callosum in aseg.mgz, named as in FreeSurferColorLUT.txt."""


@dataclass(frozen=True)
class LabelAreas:
    """Measures of the callosum in a segmentation.

    Attributes:
        area_mm2: Area of all labels where the plane cuts them.
        part_mm2: Area of each label in the plane, by its name.
        volume_mm3: Volume of all labels.
        dice: Overlap with the mask of callosal in the plane, 0 to 1.
    """

    area_mm2: float
    part_mm2: Mapping[str, float]
    volume_mm3: float
    dice: float


def label_areas(
    segmentation: Volume, place: SliceImage, mask: NDArray[np.uint8]
) -> LabelAreas | None:
    """Measure the callosal labels.

    Args:
        segmentation: Labels in the patient space of the plan.
        place: The midsagittal slice; its pixels are not read.
        mask: Mask of the callosum by callosal on the slice, shape (H, W).

    Returns:
        The areas; None if the segmentation has no callosal label at all.
    """
    labels = np.asarray(segmentation.array)
    is_callosum = np.isin(labels, list(LABELS))
    if not is_callosum.any():
        return None
    found = _on_slice(segmentation, place)
    pixel_mm2 = float(np.prod(place.spacing_mm))
    parts = {name: float((found == label).sum()) * pixel_mm2 for label, name in LABELS.items()}
    inside = np.isin(found, list(LABELS))
    voxel_mm3 = abs(float(np.linalg.det(np.asarray(segmentation.affine)[:3, :3])))
    both = int((inside & (mask > 0)).sum())
    total = int(inside.sum()) + int((mask > 0).sum())
    return LabelAreas(
        area_mm2=sum(parts.values()),
        part_mm2=parts,
        volume_mm3=float(is_callosum.sum()) * voxel_mm3,
        dice=2 * both / total if total else 0.0,
    )


def _on_slice(segmentation: Volume, place: SliceImage) -> NDArray[np.int64]:
    """The label of the voxel that each pixel lies in, shape (H, W)."""
    to_index = np.linalg.inv(np.asarray(segmentation.affine, dtype=float))
    pixels = np.moveaxis(np.indices(place.pixels.shape), 0, -1)
    lps_mm = place.pixels_to_lps(pixels)
    index = lps_mm @ to_index[:3, :3].T + to_index[:3, 3]
    at = np.moveaxis(index, -1, 0)
    values = np.asarray(segmentation.array)
    return ndimage.map_coordinates(values.astype(np.int64), at, order=0, mode="constant")
