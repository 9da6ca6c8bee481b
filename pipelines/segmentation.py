"""Finding the callosum on slice images: the network's map, its component, outline and quality."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from callosal.export.runtime import MIN_SIDE, Segmenter
from callosal.models.errors import GeometryError
from callosal.pipelines.common_resolution import at_common_resolution
from callosal.pipelines.outline.contour import LEVEL, callosum_component, find_contours_mm
from callosal.pipelines.outline.smooth import smooth_contour_mm
from callosal.pipelines.quality import MaskFacts, Quality, judge, measure_mask
from callosal.pipelines.roi import RotatedBox
from callosal.pipelines.slice_image import SliceImage

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Callosum:
    """What was taken for the callosum on one slice.

    Attributes:
        slice_image: The slice.
        component: Probability map with every other component erased, shape (H, W).
        contour_mm: Smooth outer outline, shape (N, 2).
        box: Minimum-area rectangle.
        facts: What was measured on the mask.
        quality: How far it can be trusted.
    """

    slice_image: SliceImage
    component: Array
    contour_mm: Array
    box: RotatedBox
    facts: MaskFacts
    quality: Quality

    @property
    def mask(self) -> NDArray[np.uint8]:
        """1 where the probability reaches the level, shape (H, W)."""
        return (self.component >= LEVEL).astype(np.uint8)


def best_callosum(found: Sequence[Callosum | None]) -> Callosum | None:
    """The most trusted callosum of several slices, or None when none shows any."""
    # Among equally trusted slices the largest callosum lies nearest the middle.
    return max(
        (callosum for callosum in found if callosum is not None),
        key=lambda callosum: (callosum.quality.confidence, callosum.facts.area_mm2),
        default=None,
    )


def find_callosa(slices: Sequence[SliceImage], segmenter: Segmenter) -> list[Callosum | None]:
    """The callosum of each slice, or None where it shows none.

    Args:
        slices: At least one, all of one shape, at the model's pixel size.
        segmenter: Opened model.
    """
    images = np.stack([_padded(at_common_resolution(one)) for one in slices])[:, None]
    maps = segmenter.probability(images)[:, 0]
    height, width = slices[0].pixels.shape
    return [
        outline_callosum(probability[:height, :width], slice_image)
        for probability, slice_image in zip(maps, slices, strict=True)
    ]


def _padded(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fill up with zeros below and to the right to the smallest size a network takes."""
    missing = [(0, max(0, MIN_SIDE - side)) for side in pixels.shape]
    return np.pad(pixels, missing)


def outline_callosum(probability: NDArray[np.float32], slice_image: SliceImage) -> Callosum | None:
    """The callosum of a network's map on a slice, or None where it shows none.

    Args:
        probability: Map on the grid of the slice, shape (H, W).
        slice_image: The slice.
    """
    try:
        component = callosum_component(probability, slice_image)
        contour_mm = smooth_contour_mm(find_contours_mm(component, slice_image)[0])
        box = RotatedBox.around(contour_mm)
    except (GeometryError, IndexError):
        # No pixel, or a speck without an outline: there is no callosum here.
        return None
    facts = measure_mask(probability, component, contour_mm, box, slice_image)
    return Callosum(slice_image, component, contour_mm, box, facts, judge(facts))
