"""The pictures of a case: overlay, parts and aligned volume, and what the review page shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray
from PIL import Image

from callosal.pipelines.callosum.segmentation import Callosum
from callosal.pipelines.case.observation import Observation
from callosal.pipelines.case.pose import Pose
from callosal.pipelines.case.process import Outcome
from callosal.pipelines.midplane.localizer_volumes import Images, LocalizerVolumes
from callosal.pipelines.morphometry.parcel_mask import parcel_mask
from callosal.pipelines.morphometry.parcellation import Course
from callosal.pipelines.outputs.file_names import (
    ALIGNED,
    MASK,
    OVERLAY,
    PARCELS,
    PARCELS_PICTURE,
    THUMBNAIL,
)
from callosal.pipelines.pictures.label_image import slice_nifti_bytes
from callosal.pipelines.pictures.overlay import BrainLineDrawn, draw_overlay
from callosal.pipelines.pictures.parcellation import draw_parcellation
from callosal.pipelines.pictures.picture_file import png_bytes
from callosal.pipelines.pictures.picture_text import shown_number
from callosal.pipelines.pictures.reason_words import STATUS_WORDS, short_reason
from callosal.pipelines.pictures.review_views import (
    ReviewViews,
    level_plan,
    nearest_slices,
    reformats,
)
from callosal.pipelines.pictures.thumbnail import thumbnail_bytes
from callosal.pipelines.planning.protocol_words import DEGREE, LINE_NAMES
from callosal.pipelines.planning.reslice import isotropic, nifti_bytes, reslice
from callosal.pipelines.protocols.protocol_stacks import OF_CALLOSUM
from callosal.pipelines.settings import Settings


@dataclass(frozen=True, eq=False)
class Parcels:
    """The parts of the callosum: labels on the midsagittal slice (H, W), and their picture."""

    labels: NDArray[np.uint8]
    picture: Image.Image


@dataclass(frozen=True, eq=False)
class CasePictures:
    """What people look at.

    Attributes:
        overlay: Slice, outline, box, line and final ROI, where anything was segmented.
        aligned: The volume resliced along the plan, where it was asked for and there is a plan.
        parcels: The parts of the callosum, likewise.
    """

    overlay: Image.Image | None
    aligned: Volume | None
    parcels: Parcels | None


def draw_pictures(
    images: Images, outcome: Outcome, overlay: Image.Image | None, settings: Settings
) -> CasePictures:
    """Draw the other pictures of a case and gather all.

    Args:
        images: What was planned on.
        outcome: What it came to.
        overlay: Picture of `draw_case_overlay`.
        settings: Which pictures are wanted.
    """
    return CasePictures(
        overlay=overlay,
        aligned=_aligned(images, outcome.pose, settings),
        parcels=_parcels(outcome, settings),
    )


def draw_case_overlay(outcome: Outcome) -> Image.Image | None:
    """The overlay of a case with its status, confidence and first reasons; None without a mask."""
    callosum, pose, verdict = outcome.callosum, outcome.pose, outcome.verdict
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
        _brain_line(outcome.document),
        (outcome.document["uncertainty"] or {}).get("angle95_deg"),
    )


def _brain_line(document: Mapping[str, Any]) -> BrainLineDrawn | None:
    """The line that the stacks of a protocol follow, through their centre."""
    entry = document.get("protocol")
    if entry is None or entry["line"]["kind"] in OF_CALLOSUM:
        return None
    line, sight = entry["line"], entry["commissures"]
    seen = () if sight["ac_mm"] is None else (tuple(sight["ac_mm"]), tuple(sight["pc_mm"]))
    center = seen[0] if line["kind"] == "ac_pc" and seen else tuple(entry["center"]["center_mm"])
    known = "" if line["measured"] else " (assumed)"
    angle = f"{shown_number(line['angle_deg'], 1)}{DEGREE}"
    label = f"{LINE_NAMES[line['kind']]} {angle}{known}"
    return BrainLineDrawn(label, center, line["angle_deg"], line["measured"], seen)


def _aligned(images: Images, pose: Pose | None, settings: Settings) -> Volume | None:
    """The volume along the plan; a localizer has too few slices for one."""
    if pose is None or settings.aligned_voxel_mm is None or isinstance(images, LocalizerVolumes):
        return None
    voxel_mm = settings.aligned_voxel_mm
    return reslice(images, isotropic(pose.plan.transverse, voxel_mm), voxel_mm)


def _parcels(outcome: Outcome, settings: Settings) -> Parcels | None:
    """The parts along the midline, where they were asked for and there is a midline."""
    callosum, morphometry = outcome.callosum, outcome.morphometry
    if callosum is None or morphometry is None or settings.parcels is None:
        return None
    for parcellation in morphometry.parcellations:
        if (parcellation.scheme, parcellation.course) == (settings.parcels, Course.MIDLINE):
            return Parcels(
                parcel_mask(parcellation, callosum.component, callosum.slice_image),
                draw_parcellation(callosum.slice_image, morphometry, parcellation),
            )
    return None


def draw_review_views(images: Images, observation: Observation, pose: Pose | None) -> ReviewViews:
    """What the review page shows.

    The slice is that of the callosum, else the middle one: a person may see what was missed.

    Args:
        images: What was planned on; of a localizer, the acquired slices are shown.
        observation: What it shows.
        pose: The pose that is kept; without one the stacks are level.
    """
    seen, callosum = observation.seen, observation.callosum
    middle = seen.slices[len(seen.slices) // 2]
    place = middle if callosum is None else callosum.slice_image
    head = observation.head
    if isinstance(images, LocalizerVolumes):
        center = place.center_lps_mm if pose is None else pose.plan.center_lps_mm
        return ReviewViews(place, nearest_slices(images.across, center), head)
    if seen.plane is None:
        return ReviewViews(place, (), head)
    plan = level_plan(place, head) if pose is None else pose.plan
    return ReviewViews(place, reformats(images, plan), head)


def picture_files(pictures: CasePictures, callosum: Callosum | None) -> dict[str, bytes]:
    """Masks and pictures as files, content by name.

    Args:
        pictures: Those of the case.
        callosum: Its mask and slice, where anything was segmented.
    """
    files: dict[str, bytes] = {}
    if pictures.overlay is not None:
        files[OVERLAY] = png_bytes(pictures.overlay)
        files[THUMBNAIL] = thumbnail_bytes(pictures.overlay)
    if pictures.aligned is not None:
        files[ALIGNED] = nifti_bytes(pictures.aligned)
    if callosum is not None:
        files[MASK] = slice_nifti_bytes(callosum.mask, callosum.slice_image)
    if callosum is not None and pictures.parcels is not None:
        labels = pictures.parcels.labels
        files[PARCELS] = slice_nifti_bytes(labels, callosum.slice_image)
        files[PARCELS_PICTURE] = png_bytes(pictures.parcels.picture)
    return files
