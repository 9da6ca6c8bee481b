"""What the outline says of the callosum: whole, thin, or without a part of it.

The features are those of the outline alone: thickness along the midline over its mean, how the
midline bends, and a few sizes and ratios. One logistic regression for each part gives the
probability that it is missing; the coefficients come from `benchmarks/release/release_finding.py`,
which cuts whole reference masks along their midline. That nothing was found is no evidence that
there is no callosum: then the finding is `unknown`, and `absent` is never given.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from callosal.models.arrays import Array
from callosal.pipelines.geometry import polygon
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.morphometry.measures import Morphometry
from callosal.pipelines.morphometry.midline import Midline

PARTS = ("rostrum", "genu", "splenium", "posterior_half")
"""Parts whose absence is looked for, anterior first."""

ENDS = ("genu", "splenium", "posterior_half")
"""Parts without which box and line, and so the angle, are not those of a whole callosum."""

PROFILE_BINS, TURN_BINS = 20, 10
COEFFICIENTS = "weights/callosum-finding/coefficients.json"


class Kind(StrEnum):
    """What the outline is that of."""

    WHOLE = "whole"
    THIN = "thin"
    PARTIAL = "partial"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """What the outline says of the callosum.

    Attributes:
        kind: `absent` is reserved; the outline gives no evidence of it.
        probability: That of the kind, 0 to 1; None of `unknown`.
        missing: Parts that are missing, of `PARTS`; of `partial` alone.
    """

    kind: Kind
    probability: float | None = None
    missing: tuple[str, ...] = ()

    @property
    def lacks_an_end(self) -> bool:
        """Whether genu or splenium is missing, between which the angle is taken."""
        return any(part in ENDS for part in self.missing)


UNKNOWN = Finding(Kind.UNKNOWN)


@dataclass(frozen=True, eq=False)
class FindingModel:
    """Coefficients of the regressions.

    Attributes:
        mean: Mean of each feature, shape (F,).
        scale: Standard deviation of each feature, shape (F,).
        weights: Weights of the standardised features by part, each of shape (F,).
        offsets: Constant by part; 0 of the whole sum is a probability of one half.
        thin_mm: Mean thickness below which a callosum is thin.
        thickness_error_mm: Standard deviation of a measured mean thickness.
    """

    mean: Array
    scale: Array
    weights: dict[str, Array]
    offsets: dict[str, float]
    thin_mm: float
    thickness_error_mm: float

    @classmethod
    def of(cls, entry: dict[str, Any]) -> "FindingModel":
        """The model of a JSON object, as the release writes it."""
        parts = entry["parts"]
        return cls(
            np.array(entry["mean"]),
            np.array(entry["scale"]),
            {part: np.array(parts[part]["weights"]) for part in PARTS},
            {part: float(parts[part]["offset"]) for part in PARTS},
            float(entry["thin_mm"]),
            float(entry["thickness_error_mm"]),
        )

    def missing(self, features: Array) -> dict[str, float]:
        """Probability that each part is missing, for features of shape (F,)."""
        standard = (features - self.mean) / self.scale
        sums = {part: float(standard @ self.weights[part]) for part in PARTS}
        return {part: _logistic(sums[part] + self.offsets[part]) for part in PARTS}


def find_finding(morphometry: Morphometry) -> Finding:
    """What a measured callosum is: whole, thin or partial, or unknown without a midline.

    Args:
        morphometry: What was measured on the outline that was found.
    """
    thickness_mm = morphometry.values["thickness_mean_mm"]
    if morphometry.midline is None or thickness_mm is None:
        return UNKNOWN
    features = outline_features(morphometry.outline_mm, morphometry.midline)
    return judged(shipped_model(), features, thickness_mm)


def judged(model: FindingModel, features: Array, thickness_mm: float) -> Finding:
    """The finding of features and of the mean thickness, by given coefficients."""
    missing = model.missing(features)
    named = tuple(part for part in PARTS if missing[part] >= 0.5)
    if named:
        return Finding(Kind.PARTIAL, max(missing.values()), named)
    whole = 1 - max(missing.values())
    thin = _normal_share((model.thin_mm - thickness_mm) / model.thickness_error_mm)
    if thin >= 0.5:
        return Finding(Kind.THIN, thin * whole)
    return Finding(Kind.WHOLE, (1 - thin) * whole)


def outline_features(outline_mm: Array, midline: Midline) -> Array:
    """Features of an outline, shape (F,), as `feature_names` names them.

    In turn: thickness over its mean in `PROFILE_BINS` equal shares of the midline, anterior
    first; radians by which the midline turns in `TURN_BINS` shares; logarithms of its length and
    mean thickness in mm, of the length and width of the box over that length, and of the area over
    that of the convex hull.

    Args:
        outline_mm: Even outline, counter-clockwise, shape (N, 2).
        midline: Its midline.
    """
    profile_mm = midline.thickness_profile_mm()
    mean_mm, length_mm = float(profile_mm.mean()), midline.length_mm
    ratios = (profile_mm / mean_mm).reshape(PROFILE_BINS, -1).mean(axis=1)
    steps = np.diff(midline.points_mm, axis=0)
    course = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
    knots = np.linspace(0, len(course) - 1, TURN_BINS + 1)
    turns = np.diff(np.interp(knots, np.arange(len(course)), course))
    hull_mm2 = polygon.area_mm2(polygon.convex_hull_mm(outline_mm))
    box_length_mm, box_width_mm = RotatedBox.around(outline_mm).size_mm
    sizes = np.log(
        [
            length_mm,
            mean_mm,
            box_length_mm / length_mm,
            box_width_mm / length_mm,
            polygon.area_mm2(outline_mm) / hull_mm2,
        ]
    )
    return np.concatenate([ratios, turns, sizes])


def feature_names() -> tuple[str, ...]:
    """Names of the features, in their order."""
    return (
        *(f"thickness_{number}" for number in range(1, PROFILE_BINS + 1)),
        *(f"turn_{number}" for number in range(1, TURN_BINS + 1)),
        "log_length_mm",
        "log_thickness_mm",
        "log_box_length",
        "log_box_width",
        "log_solidity",
    )


SIZES: Sequence[str] = ("log_length_mm", "log_thickness_mm")
"""Features that grow with the head; all others are free of its size."""


@cache
def shipped_model() -> FindingModel:
    """The coefficients that ship."""
    text = files("callosal.models").joinpath(COEFFICIENTS).read_text(encoding="utf-8")
    return FindingModel.of(json.loads(text))


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-min(max(value, -50.0), 50.0)))


def _normal_share(deviations: float) -> float:
    return (1 + math.erf(deviations / math.sqrt(2))) / 2
