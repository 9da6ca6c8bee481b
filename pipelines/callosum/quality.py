"""How far a segmented callosum can be trusted: facts, confidence and reasons.

Every fact has a range in which it counts fully and a wider one outside of which it counts
nothing; the confidence is the product over all facts. The ranges of size and shape are those
of 731 adult and adolescent callosa, widened by half for children, atrophy and thick slices
(the lean by less: 99 % of them lie in -50 to 36 degrees); all others were set on the validation
sites and on slices without a callosum, so that 98 % of right slices stay sure
(benchmarks/accuracy/refusal.py, docs/reference/robustness.md). The upper limit of blur was also set
so that a real 3 T series stays sure, so that series does not test the limit.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from callosal.models.arrays import Array
from callosal.pipelines.geometry import polygon
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.outline.contour import LEVEL
from callosal.pipelines.outline.others import find_others, within
from callosal.pipelines.outline.surroundings import brightness, share_at_edge

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
        lean_deg: Angle from straight below the long axis to where the arch opens, positive
            toward anterior; a callosum opens below, a little toward posterior.
        certainty: Mean probability inside.
        blur: Area between probabilities 0.1 and 0.9 within 3 mm, for each mm of the outline, in mm.
        pieces: Area of the other components within 10 mm over this one's: a broken mask.
        rival: How much the shape of another component is that of a callosum, 0 to 1.
        at_edge: Share of the outline within 2 mm of the edge of the field of view.
        contrast: Step of the median intensity from a ring 2.5 mm outside to the inside, over the
            spread of the intensities in the neighbourhood.
        distinct: Share of that ring that differs from the inside by more than twice the inside's
            own spread, darker or brighter.
    """

    area_mm2: float
    length_mm: float
    width_mm: float
    solidity: float
    lean_deg: float
    certainty: float
    blur: float
    pieces: float
    rival: float
    at_edge: float
    contrast: float
    distinct: float


RANGES: dict[str, tuple[Range, str]] = {
    "area_mm2": (Range(100, 250, 1150, 1600), "area_out_of_range"),
    "length_mm": (Range(35, 48, 95, 115), "length_out_of_range"),
    "width_mm": (Range(8, 13, 38, 50), "width_out_of_range"),
    "solidity": (Range(0.2, 0.27, 0.58, 0.72), "not_arched"),
    "lean_deg": (Range(-95, -55, 36, 58), "arch_leans"),
    "certainty": (Range(0.75, 0.86, 1.0, 1.01), "weak_evidence"),
    "blur": (Range(-0.01, 0.0, 2.0, 4.0), "blurred_border"),
    "pieces": (Range(-0.01, 0.0, 0.15, 0.8), "in_pieces"),
    "rival": (Range(-0.01, 0.0, 0.15, 0.8), "second_candidate"),
    "at_edge": (Range(-0.01, 0.0, 0.02, 0.2), "cut_by_field_of_view"),
    "contrast": (Range(0.0, 0.06, math.inf, math.inf), "low_contrast"),
    "distinct": (Range(0.25, 0.5, 1.0, 1.01), "indistinct_border"),
}


SHAPE = ("area_mm2", "length_mm", "width_mm", "solidity")
"""The facts that an outline alone gives."""


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
    inside = component >= LEVEL
    hull_mm = polygon.convex_hull_mm(contour_mm)
    others = find_others(probability, inside, slice_image)
    light = brightness(contour_mm, inside, slice_image)
    return MaskFacts(
        **_shape(contour_mm, hull_mm, box),
        lean_deg=_lean_deg(contour_mm, hull_mm, box),
        certainty=float(probability[inside].mean()),
        blur=_blur_mm(component, contour_mm, slice_image),
        pieces=others.near_mm2 / polygon.area_mm2(contour_mm),
        rival=max((_likeness(other) for other in others.contours_mm), default=0.0),
        at_edge=share_at_edge(contour_mm, slice_image),
        contrast=light.contrast,
        distinct=light.distinct,
    )


def _shape(contour_mm: Array, hull_mm: Array, box: RotatedBox) -> dict[str, float]:
    area_mm2 = polygon.area_mm2(contour_mm)
    hull_mm2 = polygon.area_mm2(hull_mm)
    return dict(zip(SHAPE, (area_mm2, *box.size_mm, area_mm2 / hull_mm2), strict=True))


def _likeness(contour_mm: Array) -> float:
    """Marks from 0 to 1 that an outline gets for its shape."""
    hull_mm = polygon.convex_hull_mm(contour_mm)
    shape = _shape(contour_mm, hull_mm, RotatedBox.around(contour_mm))
    return math.prod(RANGES[name][0].score(value) for name, value in shape.items())


def _blur_mm(component: Array, contour_mm: Array, slice_image: SliceImage) -> float:
    border_mm = float(np.linalg.norm(contour_mm - np.roll(contour_mm, 1, axis=0), axis=1).sum())
    uncertain = (component > 0.1) & (component < 0.9) & within(component >= LEVEL, 3, slice_image)
    return float(uncertain.sum() * np.prod(slice_image.spacing_mm)) / border_mm


def _lean_deg(contour_mm: Array, hull_mm: Array, box: RotatedBox) -> float:
    """Angle in [-180, 180) from straight below the long axis to where the arch opens.

    The opening lies from the centroid of the area toward that of its convex hull.
    """
    x, y = polygon.centroid_mm(hull_mm) - polygon.centroid_mm(contour_mm)
    turn = math.degrees(math.atan2(x, -y)) - box.angle_deg
    return (turn + 180) % 360 - 180
