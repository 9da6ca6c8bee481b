"""A plan with a pose that a person has set, made by the code that made the first one."""

from collections.abc import Mapping
from typing import Any

from callosal.models.errors import GeometryError, InputError
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.planning.findings import PARTIAL_CONFIDENCE, PARTIAL_REASON
from callosal.pipelines.planning.head_extent import reach_of_head_mm
from callosal.pipelines.planning.plan import ScanPlan, make_plan, plan_axes
from callosal.pipelines.planning.plan_document import with_outline, with_pose
from callosal.pipelines.planning.plan_file import Plan
from callosal.pipelines.planning.plan_validation import validate_plan
from callosal.pipelines.review.case_files import ReviewCase
from callosal.pipelines.review.hand_outline import HandOutline
from callosal.pipelines.review.run_settings import RunSettings
from callosal.pipelines.stitching.case import KIND as JOINED
from callosal.pipelines.stitching.case import SET_BY_HAND_ONLY
from callosal.pipelines.stitching.common_grid import reach_mm
from callosal.pipelines.stitching.roi_plan import (
    LARGEST_MM as LARGEST_SPINE_MM,
)
from callosal.pipelines.stitching.roi_plan import (
    LARGEST_TILT_DEG,
    UPRIGHT_DEG,
    plan_of_roi,
)
from callosal.pipelines.stitching.roi_plan import first_roi as first_spine_roi

CORRECTED = "corrected_by_hand"
OUTLINED = "outlined_by_hand"
_ROUNDING = 2e-4  # a page rounds to 1e-4 mm and degree

LARGEST_ANGLE_DEG = 60.0
LARGEST_MM = 300.0
FIRST_ROI = RotatedBox((0.0, 0.0), (80.0, 40.0), 0.0)


def automatic_roi(plan: Plan, settings: RunSettings) -> RotatedBox | None:
    """The final region of a plan: its pose, and the box's size with margins.

    Returns:
        None where the plan has no pose.
    """
    if plan.final is None or plan.box is None:
        return None
    roi = RotatedBox(plan.final.center_mm, plan.box.size_mm, plan.final.angle_deg)
    return roi.with_margin(settings.fusion.margin_mm)


def corrected_plan(
    case: ReviewCase, roi: RotatedBox, settings: RunSettings, outline: HandOutline | None = None
) -> dict[str, Any]:
    """The plan document of a case with its pose replaced, and with its outline where that is new.

    Status and confidence stay unchanged: they belong to the automatic result. So do box, line and
    measures unless there is a new outline; then they are those of the outline. The reason
    `corrected_by_hand` says that the region was set by hand, `outlined_by_hand` that the mask was.
    A mask without genu or splenium makes a plan that is not `ok` (`partial_callosum`). A case
    without a callosum gets low confidence, because it now has a plan. Joined stations stay
    `joined`, with the confidence of their joints; the reason that a region is missing goes.

    Args:
        case: The case.
        roi: The final region.
        settings: Those of the run.
        outline: The mask as corrected; None where the automatic one stands.

    Raises:
        GeometryError: The axis is too steep for a plan (`angle_out_of_range`), or the centre is
            outside the slice (`outside_field`).
        InputError: The case was planned with other settings (`settings_differ`).
    """
    planned_with = case.plan.config_sha256
    if planned_with not in (None, settings.config_sha256):
        raise InputError(
            f"{case.name}: was planned with other settings than those of run.json; run infer again",
            "settings_differ",
        )
    plan = _joined_plan(case, roi, settings) if is_joined(case) else _head_plan(case, roi, settings)
    document = with_pose(case.plan.document, case.midsagittal, roi, plan)
    hands = _hands(roi, outline)
    if outline is not None:
        measures, finding = outline.measured()
        document = with_outline(document, outline.box, outline.line, measures, finding)
        document |= _partial(document) if finding.lacks_an_end else _whole(document)
    settled = {*hands, SET_BY_HAND_ONLY}
    document["reasons"] = [*(code for code in document["reasons"] if code not in settled), *hands]
    if document["status"] in ("no_callosum", "failed"):
        document["status"] = "low_confidence"
    validate_plan(document)
    return document


def _partial(document: Mapping[str, Any]) -> dict[str, Any]:
    """Status, confidence and reasons of a drawn callosum without genu or splenium: never `ok`."""
    others = [code for code in document["reasons"] if code != PARTIAL_REASON]
    confidence = min(document["confidence"] or 0.0, PARTIAL_CONFIDENCE)
    return {
        "status": "low_confidence",
        "confidence": confidence,
        "reasons": [PARTIAL_REASON, *others],
    }


def _whole(document: Mapping[str, Any]) -> dict[str, Any]:
    """Reasons of a drawn callosum with both ends."""
    return {"reasons": [code for code in document["reasons"] if code != PARTIAL_REASON]}


def _hands(roi: RotatedBox, outline: HandOutline | None) -> tuple[str, ...]:
    """What was done by hand, as reason codes."""
    if outline is None:
        return (CORRECTED,)
    return (OUTLINED,) if is_same_roi(roi, outline.roi) else (OUTLINED, CORRECTED)


def is_same_roi(one: RotatedBox, other: RotatedBox) -> bool:
    """Whether two regions are equal, as pages round them."""
    numbers = [(*roi.center_mm, *roi.size_mm, roi.angle_deg) for roi in (one, other)]
    return all(abs(a - b) <= _ROUNDING for a, b in zip(*numbers, strict=True))


def is_joined(case: ReviewCase) -> bool:
    """Whether a case is an exam of joined stations, on which a region runs along the spine."""
    return case.plan.source.get("kind") == JOINED


def first_roi(case: ReviewCase) -> RotatedBox:
    """The region that a person starts from where none was found."""
    return first_spine_roi(case.midsagittal) if is_joined(case) else FIRST_ROI


def roi_limits(case: ReviewCase) -> dict[str, float]:
    """Angles and sizes that a plan of a case takes, for the page."""
    middle, reach, largest = (
        (UPRIGHT_DEG, LARGEST_TILT_DEG, LARGEST_SPINE_MM)
        if is_joined(case)
        else (0.0, LARGEST_ANGLE_DEG, LARGEST_MM)
    )
    return {"middle_deg": middle, "reach_deg": reach, "largest_mm": largest}


def _head_plan(case: ReviewCase, roi: RotatedBox, settings: RunSettings) -> ScanPlan:
    _check_pose(case, roi)
    place = case.midsagittal
    axes = plan_axes(place, roi.angle_deg)
    extent = reach_of_head_mm(case.head, axes, place.mm_to_lps(roi.center_mm))
    return make_plan(place, roi, extent, settings.plan)


def _joined_plan(case: ReviewCase, roi: RotatedBox, settings: RunSettings) -> ScanPlan:
    start_mm, end_mm = reach_mm(case.head, case.midsagittal.normal)
    return plan_of_roi(case.midsagittal, roi, end_mm - start_mm, settings.plan)


def _check_pose(case: ReviewCase, roi: RotatedBox) -> None:
    if abs(roi.angle_deg) > LARGEST_ANGLE_DEG:
        raise GeometryError(
            f"{case.name}: an angle of {roi.angle_deg:.1f} degree; a plan takes up to "
            f"{LARGEST_ANGLE_DEG:g} either way",
            "angle_out_of_range",
        )
    row, column = case.midsagittal.mm_to_pixels(roi.center_mm)
    height, width = case.midsagittal.pixels.shape
    if not (0 <= row <= height - 1 and 0 <= column <= width - 1):
        raise GeometryError(
            f"{case.name}: the centre ({roi.center_mm[0]:.1f}, {roi.center_mm[1]:.1f}) mm lies "
            "outside of the slice; move it onto the head",
            "outside_field",
        )
