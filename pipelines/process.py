"""One case: from a volume to its scan plan, or to the reason why there is none."""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray
from PIL import Image

from callosal.export.runtime import Segmenter
from callosal.pipelines.midplane.sagittal_views import SagittalViews, views
from callosal.pipelines.morphometry.measures import Morphometry, measure
from callosal.pipelines.morphometry.parcel_mask import parcel_mask
from callosal.pipelines.morphometry.parcellation import Course
from callosal.pipelines.morphometry.picture import draw_parcellation
from callosal.pipelines.neighbours import Spread, pose_spread
from callosal.pipelines.planning.head_extent import find_head
from callosal.pipelines.planning.overlay import draw_overlay
from callosal.pipelines.planning.plan_document import (
    Findings,
    Provenance,
    Status,
    Verdict,
    plan_document,
)
from callosal.pipelines.planning.reslice import isotropic, reslice
from callosal.pipelines.planning.review_views import ReviewViews, level_plan, reformats
from callosal.pipelines.pose import Pose, find_pose
from callosal.pipelines.quality import ABSENT
from callosal.pipelines.report.words import STATUS_WORDS, short_reason
from callosal.pipelines.segmentation import Callosum, best_callosum, find_callosa
from callosal.pipelines.settings import Settings
from callosal.pipelines.verdict import judge_case


@dataclass(frozen=True, eq=False)
class Parcels:
    """The parts of the callosum: labels on the midsagittal slice (H, W), and their picture."""

    labels: NDArray[np.uint8]
    picture: Image.Image


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a case came to.

    Attributes:
        document: Content of plan.json.
        callosum: The mask and its slice, where anything was segmented.
        overlay: The picture, likewise.
        aligned: The volume resliced along the plan, where it was asked for and a plan was made.
        parcels: The parts of the callosum, likewise.
        views: What the review page shows.
    """

    document: dict[str, Any]
    callosum: Callosum | None
    overlay: Image.Image | None
    aligned: Volume | None
    parcels: Parcels | None
    views: ReviewViews


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
    callosum = best_callosum(find_callosa(seen.slices, segmenter))
    watch.lap("segmentation")
    pose = None if callosum is None else find_pose(callosum, volume, settings)
    watch.lap("plan")
    spread = _spread(volume, seen, callosum, pose, segmenter, settings)
    watch.lap("neighbours")
    verdict = judge_case(seen, callosum, pose, spread)
    # A mask that does not look like a callosum is shown, but no plan is made of it.
    kept = pose if (verdict.confidence or 0.0) >= ABSENT else None
    morphometry = None if callosum is None or kept is None else _morphometry(callosum, kept)
    watch.lap("morphometry")
    findings = _findings(seen, callosum, kept, spread, morphometry)
    aligned = _aligned(volume, kept, settings)
    watch.lap("reslice")
    with ThreadPoolExecutor(1) as beside:
        drawing = beside.submit(_overlay, callosum, kept, verdict)
        shown = _review_views(volume, seen, callosum, kept)
    watch.lap("pictures")
    provenance = _provenance(segmenter, source, config_sha256, watch.timings_ms)
    document = plan_document(verdict, findings, provenance)
    parcels = _parcels(callosum, morphometry, settings)
    return Outcome(document, callosum, drawing.result(), aligned, parcels, shown)


def failed_document(source: Mapping[str, Any], code: str) -> dict[str, Any]:
    """Document of a case that could not be read or planned, with its reason."""
    return plan_document(
        Verdict(Status.FAILED, None, (code,)),
        Findings(),
        Provenance(source=source, software={"callosal": version("callosal")}),
    )


def _spread(
    volume: Volume,
    seen: SagittalViews,
    callosum: Callosum | None,
    pose: Pose | None,
    segmenter: Segmenter,
    settings: Settings,
) -> Spread | None:
    if seen.plane is None or callosum is None or pose is None:
        return None
    return pose_spread(volume, callosum, pose.fused.roi, segmenter, settings)


def _morphometry(callosum: Callosum, pose: Pose) -> Morphometry:
    return measure(
        callosum.contour_mm, callosum.component, callosum.slice_image, callosum.box, pose.line
    )


def _parcels(
    callosum: Callosum | None, morphometry: Morphometry | None, settings: Settings
) -> Parcels | None:
    """The parts along the midline, where they were asked for and there is a midline."""
    if callosum is None or morphometry is None or settings.parcels is None:
        return None
    for parcellation in morphometry.parcellations:
        if (parcellation.scheme, parcellation.course) == (settings.parcels, Course.MIDLINE):
            return Parcels(
                parcel_mask(parcellation, callosum.component, callosum.slice_image),
                draw_parcellation(callosum.slice_image, morphometry, parcellation),
            )
    return None


def _findings(
    seen: SagittalViews,
    callosum: Callosum | None,
    pose: Pose | None,
    spread: Spread | None,
    morphometry: Morphometry | None,
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
        uncertainty=_uncertainty(seen, spread),
        morphometry=morphometry,
    )


def _uncertainty(seen: SagittalViews, spread: Spread | None) -> dict[str, float | None]:
    return {
        "plane_deg": None if seen.plane is None else seen.plane.uncertainty_deg,
        "plane_mm": None if seen.plane is None else seen.plane.uncertainty_mm,
        "angle_deg": None if spread is None else spread.angle_deg,
        "center_mm": None if spread is None else spread.center_mm,
    }


def _overlay(callosum: Callosum | None, pose: Pose | None, verdict: Verdict) -> Image.Image | None:
    if callosum is None:
        return None
    shown, hidden = verdict.reasons[:2], len(verdict.reasons) - 2
    reasons = ", ".join(map(short_reason, shown)) + (f" and {hidden} more" if hidden > 0 else "")
    caption = f"{STATUS_WORDS[verdict.status]} {verdict.confidence:.2f}   {reasons}"
    return draw_overlay(
        callosum.slice_image,
        [callosum.contour_mm],
        callosum.box,
        None if pose is None else pose.line,
        None if pose is None else pose.fused.roi,
        caption,
    )


def _aligned(volume: Volume, pose: Pose | None, settings: Settings) -> Volume | None:
    if pose is None or settings.aligned_voxel_mm is None:
        return None
    voxel_mm = settings.aligned_voxel_mm
    return reslice(volume, isotropic(pose.plan.transverse, voxel_mm), voxel_mm)


def _review_views(
    volume: Volume, seen: SagittalViews, callosum: Callosum | None, pose: Pose | None
) -> ReviewViews:
    """The slice of the callosum, else the middle one: a person may see what the network missed."""
    middle = seen.slices[len(seen.slices) // 2]
    place = middle if callosum is None else callosum.slice_image
    head = find_head(volume)
    if seen.plane is None:
        return ReviewViews(place, (), head)
    plan = level_plan(place, head) if pose is None else pose.plan
    return ReviewViews(place, reformats(volume, plan), head)


def _provenance(
    segmenter: Segmenter,
    source: Mapping[str, Any],
    config_sha256: str,
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
        config_sha256=config_sha256,
        timings_ms=timings_ms,
    )
