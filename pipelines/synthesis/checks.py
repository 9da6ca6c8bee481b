"""Is a sample fit to train on? What is measured, and for which reasons it is turned down."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.export.runtime import Segmenter
from callosal.models.generation.conditions import measure_conditions
from callosal.models.generation.spec import (
    CONDITION_NAMES,
    SHAPE_CONDITIONS,
    Condition,
    GeneratorSpec,
)
from callosal.pipelines.evaluation.network import segment_slice
from callosal.pipelines.evaluation.overlap import dice
from callosal.pipelines.synthesis.copies import TrainingBank
from callosal.pipelines.synthesis.joint_image import SyntheticSlice

MIN_AGREEMENT = 0.8
BLACK_LEVEL = 40
"""A slice whose 99th percentile (of 255) stays below shows no head."""

NEVER_WRITTEN = frozenset({"not_finite", "black", "empty_mask"})
"""Such samples are not written even where no filter is wanted: no reader takes them."""


@dataclass(frozen=True)
class CheckLimits:
    """What a sample is held against.

    Attributes:
        area_mm2: Smallest and largest area; None where the mask was given.
        segmenter: The independent segmenter.
        training: Slices a sample must not be a copy of; None where none were given.
    """

    area_mm2: tuple[float, float] | None
    segmenter: Segmenter
    training: TrainingBank | None


@dataclass(frozen=True)
class CheckResult:
    """What was measured on one sample; None is "could not be measured".

    Attributes:
        components: Pieces of the mask, joined over corners as well.
        measured: Area, length, tilt and contrast; the contrast is above 0 on T1.
        agreement_dice: Dice of the mask with the independent segmenter's.
        nearest_training: Correlation with the most similar training slice, at most 1.
        reasons: Codes of what is wrong; none for a sample that passes.
    """

    components: int | None
    measured: Mapping[str, float] | None
    agreement_dice: float | None
    nearest_training: float | None
    reasons: tuple[str, ...]

    def as_row(self) -> dict[str, Any]:
        """Plain values, rounded for a manifest."""
        measured = {name: round(value, 4) for name, value in (self.measured or {}).items()}
        row = {
            key: round(value, 4) if isinstance(value, float) else value
            for key, value in asdict(self).items()
        }
        return {**row, "measured": measured or None}


def examine(
    joint: NDArray[np.float32], drawn: SyntheticSlice, spec: GeneratorSpec, limits: CheckLimits
) -> CheckResult:
    """Measure one sample and say what is wrong with it.

    Args:
        joint: What the generator gave, shape (2, H, W).
        drawn: The slice drawn from it.
        spec: What the generator makes.
        limits: What it is held against.
    """
    broken = _unreadable(joint, drawn)
    if broken is not None:
        return CheckResult(None, None, None, None, (broken,))
    inside = drawn.mask > 0
    spacing_mm = (drawn.spacing_mm, drawn.spacing_mm)
    components = int(ndimage.label(inside, structure=np.ones((3, 3)))[1])
    measured = measured_conditions(joint, spec)
    probability, _ = segment_slice(limits.segmenter, drawn.image, spacing_mm)
    agreement = dice(probability > limits.segmenter.contract.threshold, inside)
    nearest = limits.training.nearest(drawn) if limits.training else None
    judged = {
        "components": components > 1,
        "area": _outside(measured["area_mm2"], limits.area_mm2),
        "contrast": not measured["contrast"] > 0,
        "disagreement": agreement < MIN_AGREEMENT,
        "copy": limits.training is not None
        and nearest is not None
        and nearest > limits.training.threshold,
    }
    reasons = tuple(name for name, failed in judged.items() if failed)
    return CheckResult(components, measured, agreement, nearest, reasons)


def measured_conditions(joint: NDArray[np.float32], spec: GeneratorSpec) -> dict[str, float]:
    """What the generator can be asked for, measured on a sample as it was on the training data."""
    spacing_mm = float(np.sqrt(spec.spacing_mm[0] * spec.spacing_mm[1]))
    values = measure_conditions(joint[None, 0], joint[None, 1], spacing_mm, spec.sdf_scale_mm)[0]
    return dict(zip(CONDITION_NAMES, values.tolist(), strict=True))


def measured_shape(channel: NDArray[np.float32], spec: GeneratorSpec) -> dict[str, float]:
    """Of these conditions, those that a mask channel (H, W) decides alone."""
    measured = measured_conditions(np.stack([channel, channel]), spec)
    return {name: measured[name] for name in SHAPE_CONDITIONS}


def area_range(conditions: tuple[Condition, ...]) -> tuple[float, float] | None:
    """The 1st and 99th percentile of the area over the training slices, where known."""
    ranges = {condition.name: (condition.low, condition.high) for condition in conditions}
    return ranges.get("area_mm2")


def _unreadable(joint: NDArray[np.float32], drawn: SyntheticSlice) -> str | None:
    if not np.isfinite(joint).all():
        return "not_finite"
    if np.percentile(drawn.image, 99) < BLACK_LEVEL:
        return "black"
    return None if drawn.mask.any() and (joint[1] > 0).any() else "empty_mask"


def _outside(value: float, bounds: tuple[float, float] | None) -> bool:
    return bounds is not None and not bounds[0] <= value <= bounds[1]
