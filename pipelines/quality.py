"""How far a segmented callosum can be trusted: facts, confidence and reasons.

Every fact has a range in which it counts fully and a wider one outside of which it counts
nothing; the confidence is the product over all facts. The ranges of size and shape are those
of 731 adult and adolescent callosa, widened by half for children, atrophy and thick slices;
those of certainty and blur were set on the validation sites (benchmarks/refusal.py), the upper
limit of blur also so that a real 3 T series stays sure, which is therefore no test of it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.pipelines.outline import polygon
from callosal.pipelines.outline.contour import LEVEL
from callosal.pipelines.roi import RotatedBox
from callosal.pipelines.slice_image import SliceImage

Array = NDArray[np.float64]

SURE = 0.5
"""Confidence from which a plan is `ok`."""

ABSENT = 0.05
"""Confidence below which no plan is made: what was segmented does not look like a callosum."""


@dataclass(frozen=True)
class Range:
    """Full marks between `low` and `high`, none beyond `none_below` and `none_above`."""

    none_below: float
    low: float
    high: float
    none_above: float

    def score(self, value: float) -> float:
        """Marks from 0 to 1.

        >>> Range(0, 10, 20, 40).score(30)
        0.5
        """
        knots = [self.none_below, self.low, self.high, self.none_above]
        return float(np.interp(value, knots, [0.0, 1.0, 1.0, 0.0]))


@dataclass(frozen=True)
class MaskFacts:
    """What is measured on the component taken for the callosum.

    Attributes:
        area_mm2: Area of the outline.
        length_mm: Long side of its box.
        width_mm: Short side of its box.
        solidity: Area over that of the convex hull; an arch lies near 0.44.
        certainty: Mean probability inside.
        blur: Area between probabilities 0.1 and 0.9 for each mm of the outline, in mm.
        rival: Area of the largest other component over this one's.
        at_edge: Share of the outline within 2 mm of the edge of the field of view.
    """

    area_mm2: float
    length_mm: float
    width_mm: float
    solidity: float
    certainty: float
    blur: float
    rival: float
    at_edge: float


RANGES: dict[str, tuple[Range, str]] = {
    "area_mm2": (Range(100, 250, 1150, 1600), "area_out_of_range"),
    "length_mm": (Range(35, 48, 95, 115), "length_out_of_range"),
    "width_mm": (Range(8, 13, 38, 50), "width_out_of_range"),
    "solidity": (Range(0.2, 0.27, 0.58, 0.72), "not_arched"),
    "certainty": (Range(0.85, 0.94, 1.0, 1.01), "weak_evidence"),
    "blur": (Range(-0.01, 0.0, 1.2, 3.0), "blurred_border"),
    "rival": (Range(-0.01, 0.0, 0.15, 0.8), "second_candidate"),
    "at_edge": (Range(-0.01, 0.0, 0.02, 0.2), "cut_by_field_of_view"),
}


@dataclass(frozen=True)
class Quality:
    """Confidence from 0 to 1 and the codes of what lowers it."""

    confidence: float
    reasons: tuple[str, ...]

    def lowered(self, factor: float, reason: str) -> "Quality":
        """The same with one more fact against it, `factor` from 0 to 1; 1 changes nothing."""
        if factor >= 1:
            return self
        return Quality(self.confidence * max(factor, 0.0), (*self.reasons, reason))


def judge(facts: MaskFacts) -> Quality:
    """Confidence in a mask from its facts alone."""
    quality = Quality(1.0, ())
    for name, (limits, reason) in RANGES.items():
        quality = quality.lowered(limits.score(getattr(facts, name)), reason)
    return quality


def measure_mask(
    probability: NDArray[np.floating],
    component: Array,
    contour_mm: Array,
    box: RotatedBox,
    slice_image: SliceImage,
) -> MaskFacts:
    """Measure the component taken for the callosum.

    Args:
        probability: The whole map of the segmenter, shape (H, W).
        component: The same with every other component erased, shape (H, W).
        contour_mm: Outer outline of the component, shape (N, 2).
        box: Its box.
        slice_image: The slice they were found on.
    """
    pixel_mm2 = float(np.prod(slice_image.spacing_mm))
    inside = component >= LEVEL
    area_mm2 = polygon.area_mm2(contour_mm)
    border_mm = float(np.linalg.norm(contour_mm - np.roll(contour_mm, 1, axis=0), axis=1).sum())
    uncertain = ((component > 0.1) & (component < 0.9)).sum() * pixel_mm2
    others = ((probability >= LEVEL) & ~inside).sum() * pixel_mm2
    return MaskFacts(
        area_mm2=area_mm2,
        length_mm=box.size_mm[0],
        width_mm=box.size_mm[1],
        solidity=area_mm2 / polygon.area_mm2(polygon.convex_hull_mm(contour_mm)),
        certainty=float(probability[inside].mean()),
        blur=float(uncertain) / border_mm,
        rival=float(others) / (float(inside.sum()) * pixel_mm2),
        at_edge=_share_at_edge(contour_mm, slice_image),
    )


def _share_at_edge(contour_mm: Array, slice_image: SliceImage, reach_mm: float = 2.0) -> float:
    """Share of the outline's points within reach of what was not scanned.

    Not scanned is what lies beyond the image, and zeros that hang together with its border
    (a reformat is 0 outside the volume); dark ventricles do not count.
    """
    labels, _ = ndimage.label(np.pad(slice_image.pixels == 0, 1, constant_values=True))
    outside = labels == labels[0, 0]
    reach = np.maximum(np.rint(reach_mm / np.array(slice_image.spacing_mm)), 1).astype(int)
    row_col = np.rint(slice_image.mm_to_pixels(contour_mm)).astype(int) + 1
    near = np.zeros(len(contour_mm), dtype=bool)
    for step in ((reach[0], 0), (-reach[0], 0), (0, reach[1]), (0, -reach[1])):
        rows, columns = (row_col + step).T
        rows = rows.clip(0, outside.shape[0] - 1)
        columns = columns.clip(0, outside.shape[1] - 1)
        near |= outside[rows, columns]
    return float(near.mean())
