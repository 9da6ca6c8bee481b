"""One case: from a volume to its scan plan, or to the reason why there is none."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

from highdicom import Volume

from callosal.export.runtime import Segmenter
from callosal.pipelines.callosum.finding import UNKNOWN, Finding, find_finding
from callosal.pipelines.callosum.quality import ABSENT
from callosal.pipelines.callosum.segmentation import Callosum, best_callosum, find_callosa
from callosal.pipelines.case.blank_slices import doubted_on_blank
from callosal.pipelines.case.equal_voxels import doubted_on_classes
from callosal.pipelines.case.filled_slices import doubted_on_filled
from callosal.pipelines.case.localizer_callosum import find_localizer_callosum
from callosal.pipelines.case.localizer_slices import sagittal_slices
from callosal.pipelines.case.neighbours import Neighbours, Spread, find_neighbours, pose_spread
from callosal.pipelines.case.odd_slices import doubted_on_odd_slices
from callosal.pipelines.case.off_midline import doubted_off_midline
from callosal.pipelines.case.pose import Pose, find_pose
from callosal.pipelines.case.stray_voxels import doubted_on_strays
from callosal.pipelines.case.verdict import judge_case
from callosal.pipelines.error_bars.bounds import error_bars
from callosal.pipelines.error_bars.case_facts import Contrast, case_facts
from callosal.pipelines.midplane.localizer_plane import find_localizer_plane
from callosal.pipelines.midplane.localizer_volumes import (
    Images,
    LocalizerVolumes,
    sagittal_or_whole,
)
from callosal.pipelines.midplane.sagittal_views import SagittalViews, views
from callosal.pipelines.morphometry.head_size import head_size, with_head_size
from callosal.pipelines.morphometry.measures import Morphometry, measure
from callosal.pipelines.morphometry.missing_parts import without_parts
from callosal.pipelines.planning.findings import Findings, Provenance, Status, Verdict
from callosal.pipelines.planning.head_extent import find_head
from callosal.pipelines.planning.plan_document import plan_document, with_protocol
from callosal.pipelines.protocols.protocol_stacks import protocol_stacks
from callosal.pipelines.settings import Settings


@dataclass(frozen=True, eq=False)
class Observation:
    """What the images of a case show, before it is judged.

    Attributes:
        seen: The sagittal slices that were looked at.
        head: Coarse mask of the head.
        callosum: The mask and its slice, where anything was segmented.
        pose: The pose and the plan that follow from it.
        spread: Deviation of the pose between the slices of a localizer; None elsewhere.
        timings_ms: Milliseconds of each stage so far.
    """

    seen: SagittalViews
    head: Volume
    callosum: Callosum | None
    pose: Pose | None
    spread: Spread | None
    timings_ms: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a case came to.

    Attributes:
        document: Content of plan.json.
        seen: The sagittal slices that were looked at.
        callosum: The mask and its slice, where anything was segmented.
        pose: The pose and the plan, where they can be used.
        verdict: How far to trust them.
        morphometry: Measures of the callosum, where there is a pose.
        neighbours: The slices beside the midsagittal one, of a volume with a pose.
    """

    document: dict[str, Any]
    seen: SagittalViews
    callosum: Callosum | None
    pose: Pose | None
    verdict: Verdict
    morphometry: Morphometry | None
    neighbours: Neighbours | None = None


class Stopwatch:
    """Milliseconds of each stage, in the order they ran."""

    def __init__(self) -> None:
        self.timings_ms: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        """Count the time since the last lap for a stage."""
        now = time.perf_counter()
        self.timings_ms[stage] = (now - self._last) * 1000
        self._last = now


def process_volume(
    images: Images,
    segmenter: Segmenter,
    settings: Settings,
    source: Mapping[str, Any],
) -> Outcome:
    """Plan on one volume, on the slices of a 2D stack or on a localizer.

    Args:
        images: Any orientation; array axes as read.
        segmenter: Opened model.
        settings: How to plan.
        source: Facts of the images for plan.json, none of them personal.

    Raises:
        InputError: No sagittal view can be made of the volume.
        GeometryError: The mask is degenerate.
    """
    observation = look(images, segmenter, settings)
    return conclude(images, observation, segmenter, settings, source)


def look(images: Images, segmenter: Segmenter, settings: Settings) -> Observation:
    """Find callosum, pose and plan; arguments as of `process_volume`."""
    if isinstance(images, LocalizerVolumes):
        return _look_at_localizer(images, segmenter, settings)
    watch = Stopwatch()
    seen = views(images, segmenter.contract.spacing_mm)
    watch.lap("midsagittal")
    callosum = best_callosum(doubted_off_midline(find_callosa(seen.slices, segmenter), seen))
    watch.lap("segmentation")
    head = find_head(images)
    pose = None if callosum is None else find_pose(callosum, head, settings)
    watch.lap("plan")
    return Observation(seen, head, callosum, pose, None, watch.timings_ms)


def _look_at_localizer(
    images: LocalizerVolumes, segmenter: Segmenter, settings: Settings
) -> Observation:
    watch = Stopwatch()
    plane = find_localizer_plane(images.stacks)
    watch.lap("midsagittal")
    slices = sagittal_slices(images, plane, segmenter.contract.spacing_mm)
    found = find_localizer_callosum(slices, images.slice_distance_mm, plane, segmenter)
    watch.lap("segmentation")
    head = find_head(images.tissue())
    if found is None:
        return Observation(
            SagittalViews(tuple(slices), 3, plane), head, None, None, None, watch.timings_ms
        )
    pose = find_pose(found.callosum, head, settings)
    watch.lap("plan")
    seen = SagittalViews((found.callosum.slice_image,), 3, plane)
    return Observation(seen, head, found.callosum, pose, found.spread, watch.timings_ms)


def conclude(
    images: Images,
    observation: Observation,
    segmenter: Segmenter,
    settings: Settings,
    source: Mapping[str, Any],
) -> Outcome:
    """Judge what was found and measure it; other arguments as of `process_volume`."""
    watch = Stopwatch()
    seen, callosum, pose = observation.seen, observation.callosum, observation.pose
    neighbours = _neighbours(images, observation, segmenter)
    spread = _spread(observation, neighbours, settings)
    watch.lap("neighbours")
    if callosum is not None:
        volume, filled = sagittal_or_whole(images), source.get("filled_slices", ())
        callosum = doubted_on_blank(doubted_on_filled(callosum, volume, filled), volume)
        callosum = doubted_on_odd_slices(doubted_on_strays(callosum, volume), volume)
        callosum = doubted_on_classes(callosum, volume)
    morphometry, finding = _measured(callosum, pose)
    if settings.head_size and morphometry is not None and pose is not None:
        plan = pose.plan
        size = head_size(observation.head, plan.transverse.normal, plan.center_lps_mm)
        morphometry = with_head_size(morphometry, size)
    watch.lap("morphometry")
    # What the slices of a localizer say differently was judged when they were brought together.
    beside = None if isinstance(images, LocalizerVolumes) else spread
    verdict = judge_case(seen, callosum, pose, beside, finding)
    if (verdict.confidence or 0.0) < ABSENT:
        # A mask that does not look like a callosum is shown, but no plan is made of it.
        pose, morphometry, finding = None, None, UNKNOWN
    uncertainty = (
        None
        if callosum is None or pose is None
        else _uncertainty(images, seen, callosum, spread, verdict, source, segmenter, settings)
    )
    watch.lap("error_bars")
    findings = _findings(seen, callosum, pose, uncertainty, morphometry, finding)
    timings_ms = {**observation.timings_ms, **watch.timings_ms}
    provenance = _provenance(segmenter, source, settings, timings_ms)
    document = plan_document(verdict, findings, provenance)
    outcome = Outcome(document, seen, callosum, pose, verdict, morphometry, neighbours)
    return _after_protocol(images, outcome, observation.head, settings)


def failed_document(source: Mapping[str, Any], code: str) -> dict[str, Any]:
    """Document of a case that could not be read or planned, with its reason."""
    return plan_document(
        Verdict(Status.FAILED, None, (code,)),
        Findings(),
        Provenance(source=source, software={"callosal": version("callosal")}),
    )


def _after_protocol(images: Images, outcome: Outcome, head: Volume, settings: Settings) -> Outcome:
    """The outcome with the stacks of a protocol, where one is set and there is a pose."""
    pose, callosum, protocol = outcome.pose, outcome.callosum, settings.protocol
    if protocol is None or pose is None or callosum is None:
        return outcome
    is_cut = isinstance(images, Volume) and outcome.seen.plane is not None
    roi = pose.fused.roi
    plan, entry = protocol_stacks(protocol, settings.plan, callosum, roi, head, is_cut)
    document = with_protocol(outcome.document, plan, entry)
    return replace(
        outcome,
        document=document,
        pose=replace(pose, plan=plan),
        verdict=verdict_of(document),
    )


def verdict_of(document: Mapping[str, Any]) -> Verdict:
    """The verdict that a plan document tells."""
    return Verdict(Status(document["status"]), document["confidence"], tuple(document["reasons"]))


def _neighbours(
    images: Images, observation: Observation, segmenter: Segmenter
) -> Neighbours | None:
    callosum = observation.callosum
    if isinstance(images, LocalizerVolumes) or observation.seen.plane is None:
        return None
    if callosum is None or observation.pose is None:
        return None
    return find_neighbours(images, callosum, segmenter)


def _spread(
    observation: Observation, neighbours: Neighbours | None, settings: Settings
) -> Spread | None:
    callosum, pose = observation.callosum, observation.pose
    if neighbours is None or callosum is None or pose is None:
        return observation.spread
    return pose_spread(neighbours, callosum, pose.fused.roi, settings)


def _measured(callosum: Callosum | None, pose: Pose | None) -> tuple[Morphometry | None, Finding]:
    """Measures of what looks like a callosum, less those that need a part that is missing."""
    if callosum is None or pose is None or callosum.quality.confidence < ABSENT:
        return None, UNKNOWN
    found = measure(
        callosum.contour_mm, callosum.component, callosum.slice_image, callosum.box, pose.line
    )
    finding = find_finding(found)
    return without_parts(found, finding.missing), finding


def _findings(
    seen: SagittalViews,
    callosum: Callosum | None,
    pose: Pose | None,
    uncertainty: Mapping[str, Any] | None,
    morphometry: Morphometry | None,
    finding: Finding,
) -> Findings:
    if callosum is None or pose is None:
        # The midsagittal plane of a volume, two angles, was found all the same.
        midsagittal = None if seen.plane is None else seen.slices[0]
        return Findings(midsagittal=midsagittal, dof_estimated=0 if seen.plane is None else 2)
    return Findings(
        midsagittal=callosum.slice_image,
        box=callosum.box,
        line=pose.line,
        final=pose.fused.roi,
        plan=pose.plan,
        dof_estimated=seen.dof_estimated,
        uncertainty=uncertainty,
        morphometry=morphometry,
        finding=finding,
    )


def _uncertainty(
    images: Images,
    seen: SagittalViews,
    callosum: Callosum,
    spread: Spread | None,
    verdict: Verdict,
    source: Mapping[str, Any],
    segmenter: Segmenter,
    settings: Settings,
) -> dict[str, Any]:
    """Standard errors of the plane, spread of the pose, and the error bars that follow."""
    angle_deg, center_mm = (None, None) if spread is None else (spread.angle_deg, spread.center_mm)
    facts = case_facts(
        images,
        seen.plane,
        (angle_deg, center_mm),
        verdict.confidence or 0.0,
        Contrast.of(source.get("contrast"), callosum.is_bright),
    )
    bars = error_bars(facts, segmenter.sha256, settings)
    return {
        "plane_deg": None if seen.plane is None else seen.plane.uncertainty_deg,
        "plane_mm": None if seen.plane is None else seen.plane.uncertainty_mm,
        "angle_deg": angle_deg,
        "center_mm": center_mm,
        **bars.values,
        "reasons": bars.reasons,
    }


def _provenance(
    segmenter: Segmenter,
    source: Mapping[str, Any],
    settings: Settings,
    timings_ms: Mapping[str, float],
) -> Provenance:
    return Provenance(
        source=source,
        model={
            "name": segmenter.contract.name,
            "sha256": segmenter.sha256,
            "provider": segmenter.provider,
        },
        software={"callosal": version("callosal")},
        config_sha256=settings.config_sha256,
        timings_ms=timings_ms,
    )
