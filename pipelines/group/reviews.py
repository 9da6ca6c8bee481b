"""What a person decided on an image, and the measures of a plan that was corrected."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from callosal.pipelines.bids.morphometry_table import PROFILE
from callosal.pipelines.outputs.file_names import PLAN
from callosal.pipelines.outputs.measures_table import POINTS, THICKNESS_COLUMNS
from callosal.pipelines.report.case_review import CaseReview, read_review

Value = str | float | None


def current_review(case_folder: Path) -> CaseReview | None:
    """The review of the plan that a case has now; None without one.

    Args:
        case_folder: Folder of the case.
    """
    plan = case_folder / PLAN
    if not plan.is_file():
        return None
    review = read_review(case_folder, {}, hashlib.sha256(plan.read_bytes()).hexdigest())
    return None if review is None or review.is_old else review


def corrected_values(review: CaseReview | None) -> dict[str, Value]:
    """Columns that a correction by hand replaces: quality, pose, measures and thickness.

    Args:
        review: Of `current_review`.

    Returns:
        The columns of the corrected plan; empty for another decision.
    """
    if review is None or review.decision != "corrected" or review.plan is None:
        return {}
    plan = review.plan
    measures: Mapping[str, Any] = plan.get("morphometry") or {}
    profile = measures.get(PROFILE)
    places = profile if isinstance(profile, list) and len(profile) == POINTS else [None] * POINTS
    final: Mapping[str, Any] = plan.get("final") or {}
    return {
        "status": str(plan["status"]),
        "confidence": _number(plan.get("confidence")),
        "reasons": ";".join(plan.get("reasons", [])) or None,
        "final_angle_deg": _number(final.get("angle_deg")),
        **{
            name: _number(value)
            for name, value in measures.items()
            if not isinstance(value, list | Mapping) and name != PROFILE
        },
        **dict(zip(THICKNESS_COLUMNS, map(_number, places), strict=True)),
    }


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
