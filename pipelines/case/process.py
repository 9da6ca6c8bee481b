"""One case: from a volume to its scan plan, or to the reason why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

from highdicom import Volume

from callosal.export.runtime import Segmenter
from callosal.pipelines.callosum.finding import UNKNOWN, Finding
from callosal.pipelines.callosum.quality import ABSENT
from callosal.pipelines.callosum.segmentation import Callosum
from callosal.pipelines.case.judgement import judge
from callosal.pipelines.case.neighbours import Neighbours, Spread, find_neighbours
from callosal.pipelines.case.observation import Observation, Stopwatch, look
from callosal.pipelines.case.pose import Pose
from callosal.pipelines.error_bars.bounds import error_bars
from callosal.pipelines.error_bars.case_facts import Contrast, case_facts
from callosal.pipelines.midplane.localizer_volumes import Images, LocalizerVolumes
from callosal.pipelines.midplane.sagittal_views import SagittalViews
from callosal.pipelines.morphometry.head_size import head_size, with_head_size
from callosal.pipelines.morphometry.measures import Morphometry
from callosal.pipelines.planning.findings import Findings, Provenance, Status, Verdict
from callosal.pipelines.planning.plan_document import plan_document, with_protocol
from callosal.pipelines.protocols.protocol_stacks import protocol_stacks
from callosal.pipelines.settings import Settings


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


def conclude(
    images: Images,
    observation: Observation,
    segmenter: Segmenter,
    settings: Settings,
    source: Mapping[str, Any],
) -> Outcome:
    """Judge what was found and measure it; other arguments as of `process_volume`."""
    watch = Stopwatch()
    seen = observation.seen
    neighbours = _neighbours(images, observation, segmenter)
    watch.lap("neighbours")
    judged = judge(images, observation, neighbours, settings, source)
    callosum, pose, verdict = judged.callosum, judged.pose, judged.verdict
    morphometry, finding = judged.morphometry, judged.finding
    if settings.head_size and morphometry is not None and pose is not None:
        plan = pose.plan
        size = head_size(observation.head, plan.transverse.normal, plan.center_lps_mm)
        morphometry = with_head_size(morphometry, size)
    watch.lap("morphometry")
    if (verdict.confidence or 0.0) < ABSENT:
        # A mask that does not look like a callosum is shown, but no plan is made of it.
        pose, morphometry, finding = None, None, UNKNOWN
    uncertainty = None
    if callosum is not None and pose is not None:
        spread = judged.spread
        uncertainty = _uncertainty(
            images, seen, callosum, spread, verdict, source, segmenter, settings
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
        callosum.facts,
        (angle_deg, center_mm),
        verdict.confidence or 0.0,
        Contrast.of(source.get("contrast"), callosum.is_bright, callosum.facts.contrast),
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
