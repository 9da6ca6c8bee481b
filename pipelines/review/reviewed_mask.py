"""mask.reviewed.nii.gz and seg.reviewed.dcm: the mask of a case as a person corrected it.

Every segmentation stays in reviews/ beside its review, which holds the mask itself.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydicom import dcmread

from callosal.pipelines.hospital.case_objects import reviewed_object
from callosal.pipelines.hospital.report_source import ReportedSource
from callosal.pipelines.hospital.segmentation_object import callosum_segmentation
from callosal.pipelines.hospital.segmented_source import SegmentedSource
from callosal.pipelines.hospital.structured_report import Review
from callosal.pipelines.outputs.atomic import remove, write_bytes
from callosal.pipelines.outputs.file_names import (
    REVIEWED_MASK,
    REVIEWED_SEGMENTATION,
    REVISIONS,
    SEGMENTATION,
    STRUCTURED_REPORT,
)
from callosal.pipelines.pictures.label_image import slice_nifti_bytes
from callosal.pipelines.planning.plan_file import Plan
from callosal.pipelines.review.hand_outline import HandOutline
from callosal.pipelines.review.reviewed_report import local_time_of


def segmentation_name(revision: int) -> str:
    """Path of the segmentation of a revision, in the folder of its case."""
    return f"{REVISIONS}/seg_{revision:04d}.dcm"


def write_reviewed_mask(
    folder: Path, review: Mapping[str, Any], outline: HandOutline | None
) -> list[str]:
    """Write the corrected mask as NIfTI and as a segmentation, or only remove earlier ones.

    Args:
        folder: Folder of the case.
        review: The review, already saved.
        outline: The corrected mask; None if the automatic mask is to be used.

    Returns:
        Why there is no segmentation, in words; empty if it was made or is not needed.

    Raises:
        OutputError: The disk is full or read-only.
    """
    remove(folder / REVIEWED_MASK)
    remove(folder / REVIEWED_SEGMENTATION)
    if outline is None:
        return []
    write_bytes(folder / REVIEWED_MASK, slice_nifti_bytes(outline.mask, outline.place))
    if not (folder / SEGMENTATION).is_file():
        return []
    if not (folder / STRUCTURED_REPORT).is_file():
        return [f"No segmentation: the case has no {STRUCTURED_REPORT} to take its images from"]
    content, reasons = reviewed_object(
        "segmentation", lambda: _segmentation(folder, review, outline)
    )
    if reasons:
        return reasons
    write_bytes(folder / segmentation_name(review["revision"]), content)
    write_bytes(folder / REVIEWED_SEGMENTATION, content)
    return []


def _segmentation(folder: Path, review: Mapping[str, Any], outline: HandOutline) -> Any:
    first = dcmread(folder / SEGMENTATION)
    plan = Plan.from_document(review["plan"])
    report = ReportedSource(dcmread(folder / STRUCTURED_REPORT))
    source = SegmentedSource.of(first, report, has_gaps=bool(plan.source.get("filled_slices")))
    made = callosum_segmentation(
        source,
        plan,
        outline.mask,
        outline.place,
        Review(review["reviewer"], review["comment"], first),
        int(review["revision"]) + 1,
    )
    made.ContentDate, made.ContentTime = local_time_of(review)
    return made
