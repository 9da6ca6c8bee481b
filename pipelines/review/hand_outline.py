"""The callosum as a person drew it: its outline, and the region and measures that follow."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.models.errors import GeometryError
from callosal.pipelines.callosum.finding import Finding, find_finding
from callosal.pipelines.geometry.fusion import fuse
from callosal.pipelines.geometry.reference_line import ReferenceLine, find_reference_line
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.morphometry.measures import Morphometry, measure
from callosal.pipelines.morphometry.missing_parts import without_parts
from callosal.pipelines.outline.contour import find_contours_mm
from callosal.pipelines.outline.smooth import smooth_contour_mm
from callosal.pipelines.review.mask_entry import Mask
from callosal.pipelines.review.run_settings import RunSettings

SMALLEST_MM2 = 40.0
"""Area below which nothing is taken for a callosum, as in `callosum_component`."""


@dataclass(frozen=True, eq=False)
class HandOutline:
    """A mask of the callosum that a person drew, and what rests on it.

    Attributes:
        mask: 1 inside, shape (H, W).
        place: The slice that it lies on.
        contour_mm: Its outer outline, shape (N, 2).
        box: Minimum-area rectangle around the outline.
        line: Reference line of the run's kind.
        roi: The region that follows from box and line.
    """

    mask: Mask
    place: SliceImage
    contour_mm: NDArray[np.float64]
    box: RotatedBox
    line: ReferenceLine
    roi: RotatedBox

    @property
    def area_mm2(self) -> float:
        """Area of its pixels."""
        return float(self.mask.sum() * math.prod(self.place.spacing_mm))

    def measured(self) -> tuple[Morphometry, Finding]:
        """Measures, less those that need a part that is missing, and whether it is whole.

        Raises:
            GeometryError: The outline encloses no area.
        """
        found = measure(self.contour_mm, self.mask.astype(float), self.place, self.box, self.line)
        finding = find_finding(found)
        return without_parts(found, finding.missing), finding


def hand_outline(mask: Mask, place: SliceImage, settings: RunSettings) -> HandOutline:
    """Outline a mask that a person drew.

    Args:
        mask: 0 outside, on the pixels of the midsagittal slice, shape (H, W).
        place: That slice.
        settings: Those of the run: kind of the line, and how box and line become one.

    Raises:
        GeometryError: The mask is smaller than 40 mm2 (`mask_too_small`), in pieces
            (`mask_in_pieces`), or degenerate.
    """
    inside = (mask > 0).astype(np.uint8)
    area_mm2 = float(inside.sum() * math.prod(place.spacing_mm))
    if area_mm2 < SMALLEST_MM2:
        raise GeometryError(
            f"the mask covers {area_mm2:.0f} mm2; a callosum covers more than {SMALLEST_MM2:g}",
            "mask_too_small",
        )
    _, count = ndimage.label(inside, structure=np.ones((3, 3)))
    if count > 1:
        raise GeometryError(
            f"the mask is in {count} pieces; join them, or erase all but one", "mask_in_pieces"
        )
    contour_mm = smooth_contour_mm(find_contours_mm(inside, place)[0])
    box = RotatedBox.around(contour_mm)
    line = find_reference_line(settings.line, contour_mm, box)
    return HandOutline(inside, place, contour_mm, box, line, fuse(box, line, settings.fusion).roi)
