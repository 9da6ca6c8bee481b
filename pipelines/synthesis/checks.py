"""Is a sample fit to train on? What is measured, and for which reasons it is turned down."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.export.runtime import Segmenter
from callosal.models.generation.spec import Condition
from callosal.pipelines.evaluation.network import segment_slice
from callosal.pipelines.evaluation.overlap import dice
from callosal.pipelines.synthesis.copies import TrainingBank
from callosal.pipelines.synthesis.joint_image import SyntheticSlice

MIN_AGREEMENT = 0.8
RING_MM = (1.0, 5.0)
"""The surroundings that the callosum is compared with: so far outside of its border."""

BLACK_LEVEL = 40
"""A slice whose 99th percentile (of 255) stays below shows no head."""

NEVER_WRITTEN = frozenset({"not_finite", "black", "empty_mask"})
"""Such samples are not written even where no filter is wanted: no reader takes them."""


@dataclass(frozen=True)
class Limits:
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
class Findings:
    """What was measured on one sample; None is "could not be measured".

    Attributes:
        components: Pieces of the mask, joined over corners as well.
        area_mm2: Area of the mask.
        contrast: Mean in the mask over the mean around it, less one; above 0 on T1.
        agreement_dice: Dice of the mask with the independent segmenter's.
        nearest_training: Correlation with the most similar training slice, at most 1.
        reasons: Codes of what is wrong; none for a sample that passes.
    """

    components: int | None
    area_mm2: float | None
    contrast: float | None
    agreement_dice: float | None
    nearest_training: float | None
    reasons: tuple[str, ...]

    def as_row(self) -> dict[str, Any]:
        """Plain values, rounded for a manifest."""
        return {
            key: round(value, 4) if isinstance(value, float) else value
            for key, value in asdict(self).items()
        }


def examine(joint: NDArray[np.float32], drawn: SyntheticSlice, limits: Limits) -> Findings:
    """Measure one sample and say what is wrong with it.

    Args:
        joint: What the generator gave, shape (2, H, W).
        drawn: The slice drawn from it.
        limits: What it is held against.
    """
    broken = _unreadable(joint, drawn)
    if broken is not None:
        return Findings(None, None, None, None, None, (broken,))
    inside = drawn.mask > 0
    spacing_mm = (drawn.spacing_mm, drawn.spacing_mm)
    components = int(ndimage.label(inside, structure=np.ones((3, 3)))[1])
    area_mm2 = float(inside.sum()) * drawn.spacing_mm**2
    contrast = contrast_around(drawn)
    probability, _ = segment_slice(limits.segmenter, drawn.image, spacing_mm)
    agreement = dice(probability > limits.segmenter.contract.threshold, inside)
    nearest = limits.training.nearest(drawn) if limits.training else None
    judged = {
        "components": components > 1,
        "area": _outside(area_mm2, limits.area_mm2),
        "contrast": not contrast > 0,
        "disagreement": agreement < MIN_AGREEMENT,
        "copy": limits.training is not None
        and nearest is not None
        and nearest > limits.training.threshold,
    }
    reasons = tuple(name for name, failed in judged.items() if failed)
    return Findings(components, area_mm2, contrast, agreement, nearest, reasons)


def contrast_around(drawn: SyntheticSlice) -> float:
    """Mean intensity of the callosum over that of a ring around it, less one."""
    inside = drawn.mask > 0
    distance_mm = ndimage.distance_transform_edt(~inside, sampling=drawn.spacing_mm)
    ring = (distance_mm > RING_MM[0]) & (distance_mm <= RING_MM[1])
    around = float(drawn.image[ring].mean()) if ring.any() else 0.0
    return float(drawn.image[inside].mean()) / max(around, 1.0) - 1


def area_range(conditions: tuple[Condition, ...]) -> tuple[float, float] | None:
    """The 1st and 99th percentile of the area over the training slices, where known."""
    ranges = {condition.name: (condition.low, condition.high) for condition in conditions}
    return ranges.get("area_mm2")


def _unreadable(joint: NDArray[np.float32], drawn: SyntheticSlice) -> str | None:
    if not np.isfinite(joint).all():
        return "not_finite"
    if np.percentile(drawn.image, 99) < BLACK_LEVEL:
        return "black"
    return None if drawn.mask.any() else "empty_mask"


def _outside(value: float, bounds: tuple[float, float] | None) -> bool:
    return bounds is not None and not bounds[0] <= value <= bounds[1]
