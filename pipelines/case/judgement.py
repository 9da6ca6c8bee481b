"""How far what was found can be trusted, what it measures, and a second chance where in doubt.

A callosum hardly changes over 4 mm to either side of the midline, but noise and partial volume do.
Where the midsagittal slice alone leaves a plan in doubt, the network's maps of that slice and of
its neighbours are pooled. If the callosum that they show together can be trusted, it counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from highdicom import Volume

from callosal.models.errors import GeometryError
from callosal.pipelines.callosum.finding import UNKNOWN, Finding, find_finding
from callosal.pipelines.callosum.quality import ABSENT
from callosal.pipelines.callosum.segmentation import Callosum
from callosal.pipelines.case.blank_slices import doubted_on_blank
from callosal.pipelines.case.equal_voxels import doubted_on_classes
from callosal.pipelines.case.filled_slices import doubted_on_filled
from callosal.pipelines.case.lost_ends import doubted_on_lost_ends
from callosal.pipelines.case.neighbours import Neighbours, Spread, pooled_callosum, pose_spread
from callosal.pipelines.case.observation import Observation
from callosal.pipelines.case.odd_slices import doubted_on_odd_slices
from callosal.pipelines.case.pose import Pose, find_pose
from callosal.pipelines.case.stray_voxels import doubted_on_strays
from callosal.pipelines.case.verdict import judge_case
from callosal.pipelines.midplane.localizer_volumes import (
    Images,
    LocalizerVolumes,
    sagittal_or_whole,
)
from callosal.pipelines.morphometry.measures import Morphometry, measure
from callosal.pipelines.morphometry.missing_parts import without_parts
from callosal.pipelines.planning.findings import Status, Verdict
from callosal.pipelines.settings import Settings


@dataclass(frozen=True, eq=False)
class Judgement:
    """The callosum that counts, and how far.

    Attributes:
        callosum: The mask and its slice, where anything was segmented.
        pose: The pose and the plan that follow from it.
        spread: Deviation of the pose over the neighbouring slices, or those of a localizer.
        morphometry: Its measures, where it looks like a callosum.
        finding: Whether it is whole.
        verdict: Status, confidence and reasons.
    """

    callosum: Callosum | None
    pose: Pose | None
    spread: Spread | None
    morphometry: Morphometry | None
    finding: Finding
    verdict: Verdict


def judge(
    images: Images,
    observation: Observation,
    neighbours: Neighbours | None,
    settings: Settings,
    source: Mapping[str, Any],
) -> Judgement:
    """Judge a case by the midsagittal slice, or by all slices together where that is surer.

    Args:
        images: What was planned on.
        observation: What it shows.
        neighbours: The slices beside the midsagittal one; None where it has none.
        settings: How to plan.
        source: Facts of the images; `filled_slices` are those that were interpolated.
    """
    seen = observation.seen

    def judged(callosum: Callosum | None, pose: Pose | None) -> Judgement:
        spread = observation.spread
        if neighbours is not None and callosum is not None and pose is not None:
            spread = pose_spread(neighbours, callosum, pose.fused.roi, settings)
        if callosum is not None:
            filled = source.get("filled_slices", ())
            callosum = _doubted_on_voxels(callosum, sagittal_or_whole(images), filled)
        morphometry, finding = _measured(callosum, pose)
        beside = spread
        if isinstance(images, LocalizerVolumes):
            # What its slices say differently was judged when they were brought together.
            beside = None
            callosum = callosum and doubted_on_lost_ends(callosum, finding)
        verdict = judge_case(seen, callosum, pose, beside, finding)
        return Judgement(callosum, pose, spread, morphometry, finding, verdict)

    alone = judged(observation.callosum, observation.pose)
    if alone.verdict.status != Status.LOW_CONFIDENCE or neighbours is None:
        return alone
    pooled = None if alone.callosum is None else pooled_callosum(neighbours, alone.callosum)
    if pooled is None:
        return alone
    try:
        together = judged(pooled, find_pose(pooled, observation.head, settings))
    except GeometryError:
        return alone
    return together if together.verdict.status == Status.OK else alone


def _doubted_on_voxels(callosum: Callosum, volume: Volume, filled: Any) -> Callosum:
    """The callosum, less sure where voxels about it are missing, damaged or no intensities."""
    doubted = doubted_on_blank(doubted_on_filled(callosum, volume, filled), volume)
    doubted = doubted_on_odd_slices(doubted_on_strays(doubted, volume), volume)
    return doubted_on_classes(doubted, volume)


def _measured(callosum: Callosum | None, pose: Pose | None) -> tuple[Morphometry | None, Finding]:
    """Measures of what looks like a callosum, less those that need a part that is missing."""
    if callosum is None or pose is None or callosum.quality.confidence < ABSENT:
        return None, UNKNOWN
    found = measure(
        callosum.contour_mm, callosum.component, callosum.slice_image, callosum.box, pose.line
    )
    finding = find_finding(found)
    return without_parts(found, finding.missing), finding
