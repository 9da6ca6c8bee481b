"""Status, confidence and reasons of a case: symmetry, mask, pose and neighbours together."""

from callosal.pipelines.callosum.finding import Finding
from callosal.pipelines.callosum.quality import SURE, Quality, Range
from callosal.pipelines.callosum.segmentation import Callosum
from callosal.pipelines.case.neighbours import Spread
from callosal.pipelines.case.pose import Pose
from callosal.pipelines.midplane.sagittal_views import SagittalViews
from callosal.pipelines.planning.findings import (
    ASSUMED_CONFIDENCE,
    ASSUMED_REASON,
    PARTIAL_CONFIDENCE,
    PARTIAL_REASON,
    Status,
    Verdict,
    assumed_angles,
)

PLANE_FACTORS = {"weak_symmetry": 0.4, "rival_plane": 0.6, "steep_tilt": 0.4}
"""What each doubt about the midsagittal plane leaves of the confidence."""

AGREEMENT = 0.5
"""Agreement of box and principal axis below which the confidence falls with it."""

SPREAD_DEG = Range(-1.0, 0.0, 10.0, 30.0)
SPREAD_MM = Range(-1.0, 0.0, 6.0, 20.0)
"""How far the pose may turn and shift over the slices within 4 mm."""

COARSE_MM = Range(-1.0, 0.0, 3.5, 8.5)
"""Voxel of the volume, along the sagittal slice: of FLAIR stacks of 5 and 6 mm, plans were up to
7 degrees from those of the same heads' T1, with no other doubt about them."""


def judge_case(
    seen: SagittalViews,
    callosum: Callosum | None,
    pose: Pose | None,
    spread: Spread | None,
    finding: Finding,
) -> Verdict:
    """Judge a case by all that was measured on it.

    Args:
        seen: The sagittal slices and, for a volume, its plane.
        callosum: What was segmented, if anything.
        pose: Its pose.
        spread: Deviation of the pose over neighbouring slices; None for 2D slices.
        finding: Whether the callosum is whole.
    """
    if callosum is None or pose is None:
        return Verdict(Status.NO_CALLOSUM, 0.0, ("nothing_segmented",))
    quality = callosum.quality
    quality = quality.lowered(COARSE_MM.score(max(callosum.slice_image.voxel_mm)), "coarse_voxels")
    for flag in () if seen.plane is None else seen.plane.flags:
        quality = quality.lowered(PLANE_FACTORS[flag], flag)
    quality = quality.lowered(pose.agreement / AGREEMENT, "box_axis_disagree")
    if spread is not None:
        quality = _lowered_by_neighbours(quality, spread)
    if finding.lacks_an_end:
        quality = _never_sure(quality, PARTIAL_CONFIDENCE, PARTIAL_REASON)
    if assumed_angles(seen.dof_estimated):
        quality = _never_sure(quality, ASSUMED_CONFIDENCE, ASSUMED_REASON)
    status = Status.OK if quality.confidence >= SURE else Status.LOW_CONFIDENCE
    return Verdict(status, min(quality.confidence, 1.0), quality.reasons)


def _never_sure(quality: Quality, highest: float, reason: str) -> Quality:
    """A confidence that other facts cannot raise; what concerns the whole plan is said first."""
    return Quality(min(quality.confidence, highest), (reason, *quality.reasons))


def _lowered_by_neighbours(quality: Quality, spread: Spread) -> Quality:
    if spread.angle_deg is None or spread.center_mm is None:
        return quality.lowered(0.3, "alone_among_neighbours")
    factor = min(SPREAD_DEG.score(spread.angle_deg), SPREAD_MM.score(spread.center_mm))
    return quality.lowered(factor, "neighbours_disagree")
