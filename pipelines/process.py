"""One case: from a volume to its scan plan, or to the reason why there is none."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from highdicom import Volume
from PIL import Image

from callosal.export.runtime import Segmenter
from callosal.pipelines.fusion import FusedRoi, agreement, fuse
from callosal.pipelines.head_extent import head_extent_mm
from callosal.pipelines.overlay import draw_overlay
from callosal.pipelines.plan import ScanPlan, make_plan, plan_axes
from callosal.pipelines.plan_document import Findings, Provenance, Status, Verdict, plan_document
from callosal.pipelines.quality import ABSENT, SURE, Quality
from callosal.pipelines.reference_line import LineKind, ReferenceLine, find_reference_line
from callosal.pipelines.sagittal_views import SagittalViews, views
from callosal.pipelines.segmentation import Callosum, find_callosum
from callosal.pipelines.settings import Settings

PLANE_FACTORS = {"weak_symmetry": 0.4, "rival_plane": 0.6, "steep_tilt": 0.4}
"""What each doubt about the midsagittal plane leaves of the confidence."""

AGREEMENT = 0.5
"""Agreement of box and principal axis below which the confidence falls with it."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a case came to.

    Attributes:
        document: Content of plan.json.
        callosum: The mask and its slice, where one was found.
        overlay: The picture, where a callosum was found.
    """

    document: dict[str, Any]
    callosum: Callosum | None
    overlay: Image.Image | None


@dataclass(frozen=True, eq=False)
class Pose:
    """The pose of a callosum and the plan that follows from it.

    Attributes:
        line: The reference line of the settings.
        fused: Box and line as one.
        agreement: How well the box and the principal axis agree, 0 to 1. The axis is the second
            witness: the subcallosal line rests on the same border as the box.
        plan: The three stacks.
    """

    line: ReferenceLine
    fused: FusedRoi
    agreement: float
    plan: ScanPlan


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
    volume: Volume,
    segmenter: Segmenter,
    settings: Settings,
    source: Mapping[str, Any],
    config_sha256: str,
) -> Outcome:
    """Plan on one volume or localizer.

    Args:
        volume: Any orientation; array axes as read.
        segmenter: Opened model.
        settings: How to plan.
        source: Facts of the images for plan.json, none of them personal.
        config_sha256: Hash of the settings.

    Raises:
        InputError: No sagittal view can be made of the volume.
        GeometryError: The mask is degenerate.
    """
    watch = Stopwatch()
    seen = views(volume, segmenter.contract.spacing_mm)
    watch.lap("midsagittal")
    callosum = find_callosum(seen.slices, segmenter)
    watch.lap("segmentation")
    pose = None if callosum is None else find_pose(callosum, volume, settings)
    watch.lap("plan")
    verdict = judge_case(seen, callosum, pose)
    # A mask that does not look like a callosum is shown, but no plan is made of it.
    kept = pose if (verdict.confidence or 0.0) >= ABSENT else None
    findings = _findings(seen, callosum, kept)
    overlay = None if callosum is None else _overlay(callosum, kept, verdict)
    watch.lap("overlay")
    provenance = Provenance(
        source=source,
        model={
            "name": segmenter.contract.name,
            "sha256": segmenter.sha256,
            "provider": segmenter.provider,
        },
        software={"callosal": version("callosal")},
        config_sha256=config_sha256,
        timings_ms=watch.timings_ms,
    )
    return Outcome(plan_document(verdict, findings, provenance), callosum, overlay)


def failed_outcome(source: Mapping[str, Any], code: str) -> Outcome:
    """Outcome of a case that could not be read or planned, with its reason."""
    document = plan_document(
        Verdict(Status.FAILED, None, (code,)),
        Findings(),
        Provenance(source=source, software={"callosal": version("callosal")}),
    )
    return Outcome(document, None, None)


def find_pose(callosum: Callosum, volume: Volume, settings: Settings) -> Pose:
    """Line, final ROI and the three stacks of a callosum.

    Raises:
        GeometryError: The outline is degenerate.
    """
    line = find_reference_line(settings.line, callosum.contour_mm, callosum.box)
    fused = fuse(callosum.box, line, settings.fusion)
    axis = find_reference_line(LineKind.PRINCIPAL_AXIS, callosum.contour_mm, callosum.box)
    place = callosum.slice_image
    center_lps_mm = place.mm_to_lps(fused.roi.center_mm)
    extent = head_extent_mm(volume, plan_axes(place, fused.roi.angle_deg), center_lps_mm)
    return Pose(
        line,
        fused,
        agreement(callosum.box, axis, settings.fusion),
        make_plan(place, fused.roi, extent, settings.plan),
    )


def judge_case(seen: SagittalViews, callosum: Callosum | None, pose: Pose | None) -> Verdict:
    """Status, confidence and reasons from mask, pose and midsagittal plane together."""
    if callosum is None or pose is None:
        return Verdict(Status.NO_CALLOSUM, 0.0, ("nothing_segmented",))
    quality = _lowered_by_plane(callosum.quality, seen)
    quality = quality.lowered(pose.agreement / AGREEMENT, "box_axis_disagree")
    status = Status.OK if quality.confidence >= SURE else Status.LOW_CONFIDENCE
    return Verdict(status, min(quality.confidence, 1.0), quality.reasons)


def _lowered_by_plane(quality: Quality, seen: SagittalViews) -> Quality:
    for flag in () if seen.plane is None else seen.plane.flags:
        quality = quality.lowered(PLANE_FACTORS[flag], flag)
    return quality


def _findings(seen: SagittalViews, callosum: Callosum | None, pose: Pose | None) -> Findings:
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
        morphometry={
            "area_mm2": callosum.facts.area_mm2,
            "length_mm": callosum.facts.length_mm,
            "width_mm": callosum.facts.width_mm,
        },
    )


def _overlay(callosum: Callosum, pose: Pose | None, verdict: Verdict) -> Image.Image:
    caption = f"{verdict.status} {verdict.confidence:.2f}  {' '.join(verdict.reasons)}"
    return draw_overlay(
        callosum.slice_image,
        [callosum.contour_mm],
        callosum.box,
        None if pose is None else pose.line,
        None if pose is None else pose.fused.roi,
        caption,
    )
