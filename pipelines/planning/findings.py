"""The facts of a case when its plan is written: verdict, measures and model."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from callosal.pipelines.callosum.finding import UNKNOWN, Finding
from callosal.pipelines.geometry.reference_line import ReferenceLine
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.morphometry.measures import Morphometry
from callosal.pipelines.planning.plan import ScanPlan

ASSUMED_REASON = "tilt_and_turn_assumed"
"""Reason of every plan whose tilt and turn were not measured; it is never `ok`."""

ASSUMED_CONFIDENCE = 0.45
"""Highest confidence of such a plan: below the one from which a plan is `ok`."""

PARTIAL_REASON = "partial_callosum"
"""Reason of every plan on a callosum without genu or splenium."""

PARTIAL_CONFIDENCE = 0.45
"""Highest confidence of such a plan: never `ok`."""


BARS = ("angle95_deg", "centre95_mm", "plane95_deg")
"""Error bars, part of the uncertainty of a plan: bounds that hold for 95 % of cases like it."""


def assumed_angles(dof_estimated: int | None) -> tuple[str, ...]:
    """Degrees of freedom of the stacks that were taken from the slices as scanned.

    Args:
        dof_estimated: Angles that were measured; 2 and 3 hold those of the midsagittal plane.

    Returns:
        `tilt`, about the front-back axis, and `turn`, about the vertical axis, or neither.

    Example:
        >>> assumed_angles(1), assumed_angles(3)
        (('tilt', 'turn'), ())
    """
    return () if dof_estimated is not None and dof_estimated >= 2 else ("tilt", "turn")


class Status(StrEnum):
    """The result of a case.

    `joined` is that of stations of a spine: no callosum is looked for, and a person sets a region.
    The confidence is then that of the joints, before and after.
    """

    OK = "ok"
    LOW_CONFIDENCE = "low_confidence"
    NO_CALLOSUM = "no_callosum"
    JOINED = "joined"
    FAILED = "failed"


@dataclass(frozen=True)
class Verdict:
    """How far the plan can be trusted.

    Attributes:
        status: What the case came to.
        confidence: 0 to 1; None if nothing could be judged.
        reasons: Codes; at least one for every status except `ok`.
    """

    status: Status
    confidence: float | None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Findings:
    """The measures; None for each that was not taken.

    Attributes:
        midsagittal: Slice on which everything was measured.
        box: Minimum-area rectangle of the callosum.
        line: Reference line.
        final: Fused region; its size is not part of the document.
        plan: The three stacks.
        dof_estimated: Number of angles that were measured, 0 to 3.
        uncertainty: Of the midsagittal plane (deg, mm), of the final pose (deg, mm), the error
            bars `BARS`, and the `reasons` of those that are None.
        morphometry: Measures of the callosum.
        finding: Whether the callosum is whole.
    """

    midsagittal: SliceImage | None = None
    box: RotatedBox | None = None
    line: ReferenceLine | None = None
    final: RotatedBox | None = None
    plan: ScanPlan | None = None
    dof_estimated: int | None = None
    uncertainty: Mapping[str, Any] | None = None
    morphometry: Morphometry | None = None
    finding: Finding = UNKNOWN


@dataclass(frozen=True, eq=False)
class Provenance:
    """What made the plan, and of what.

    Attributes:
        source: Facts of the images that do not identify the patient.
        model: Name, hash and the like; None where no model was used.
        software: Versions by name.
        config_sha256: Hash of the settings.
        timings_ms: Milliseconds by stage.
    """

    source: Mapping[str, Any]
    model: Mapping[str, Any] | None = None
    software: Mapping[str, Any] | None = None
    config_sha256: str | None = None
    timings_ms: Mapping[str, float] | None = None
