"""The plan of a second visit, with the stacks of the first."""

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from highdicom import Volume
from scipy.spatial.transform import Rotation

from callosal.pipelines.follow_up.carried_stacks import STILL, carried_plan, frame_of_stacks
from callosal.pipelines.follow_up.first_visit import FirstVisit
from callosal.pipelines.follow_up.neighbourhood import neighbourhood
from callosal.pipelines.follow_up.registration import Motion, register
from callosal.pipelines.midplane.localizer_volumes import Images
from callosal.pipelines.planning.plan import ScanPlan
from callosal.pipelines.planning.plan_document import with_follow_up

LEAST_CORRELATION: Final = 0.8
"""Blocks of one head and contrast agree better, blocks of two heads do not."""

MAX_TURN_DEG: Final = 8.0
MAX_SHIFT_MM: Final = 8.0
"""Two plans of one head lie no farther apart: a larger motion is a wrong one."""

THREE_ANGLES: Final = 3


def repeat_stacks(
    first: FirstVisit,
    images: Images,
    unaided: ScanPlan,
    document: Mapping[str, Any],
    patient: str = "",
) -> tuple[dict[str, Any], ScanPlan]:
    """Carry the stacks of the first visit over to a case.

    Args:
        first: The first visit.
        images: What the case was planned on.
        unaided: Its plan by itself.
        document: Its plan document.
        patient: Hash of its PatientID; "" where it has none.

    Returns:
        The document with the stacks of the first visit and the entry `follow_up`, and the plan.
    """
    motion, reason = _motion(first, images, unaided, document)
    plan = carried_plan(first.plan, unaided, STILL if motion is None or reason else motion)
    before, after = frame_of_stacks(unaided), frame_of_stacks(plan)
    shift_mm = float(np.linalg.norm(plan.center_lps_mm - unaided.center_lps_mm))
    turn = Rotation.from_matrix(after.T @ before)
    entry = {
        "first_sha256": first.sha256,
        "refined": reason is None,
        "reason": reason,
        "correlation": None if motion is None else round(motion.correlation, 4),
        "turn_deg": round(math.degrees(turn.magnitude()), 4),
        "shift_mm": round(shift_mm, 4),
        "patient": _same_patient(first.patient, patient),
    }
    return with_follow_up(document, plan, entry), plan


def _same_patient(first: str, second: str) -> str:
    if not first or not second:
        return "unknown"
    return "same" if first == second else "differs"


def _motion(
    first: FirstVisit, images: Images, unaided: ScanPlan, document: Mapping[str, Any]
) -> tuple[Motion | None, str | None]:
    """What registration says, and why it cannot be used; None where it can."""
    if first.block is None:
        return None, "first_without_block"
    if not isinstance(images, Volume) or document["dof_estimated"] != THREE_ANGLES:
        return None, "not_a_volume"
    motion = register(first.block, neighbourhood(images, unaided).array)
    if motion.correlation < LEAST_CORRELATION:
        return motion, "not_alike"
    if motion.angle_deg > MAX_TURN_DEG or np.linalg.norm(motion.shift_mm) > MAX_SHIFT_MM:
        return motion, "too_far_apart"
    return motion, None
