"""overlay_sc.reviewed.dcm: the picture of a corrected plan as a Secondary Capture.

Patient and study are read from plan_sr.dcm, as for the structured report. Every capture stays in
reviews/ beside its review.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image
from pydicom import dcmread

from callosal.pipelines.hospital.case_objects import reviewed_object
from callosal.pipelines.hospital.report_source import ReportedSource
from callosal.pipelines.hospital.secondary_capture import overlay_capture
from callosal.pipelines.outputs.atomic import remove, write_bytes
from callosal.pipelines.outputs.file_names import (
    REVIEWED_SECONDARY_CAPTURE,
    REVISIONS,
    STRUCTURED_REPORT,
)
from callosal.pipelines.planning.plan_file import Plan
from callosal.pipelines.review.reviewed_report import local_time_of


def capture_name(revision: int) -> str:
    """Path of the capture of a revision, in the folder of its case."""
    return f"{REVISIONS}/sc_{revision:04d}.dcm"


def write_reviewed_capture(
    folder: Path, review: Mapping[str, Any], overlay: Image.Image | None
) -> list[str]:
    """Make the capture of a correction, or remove that of an earlier one.

    Args:
        folder: Folder of the case.
        review: The review, already kept.
        overlay: Picture of the corrected plan; None where nothing was corrected or drawn.

    Returns:
        Why there is no capture, in words; empty if it was made or none is due.

    Raises:
        OutputError: The disk is full or read-only.
    """
    remove(folder / REVIEWED_SECONDARY_CAPTURE)
    if overlay is None or not (folder / STRUCTURED_REPORT).is_file():
        return []
    content, reasons = reviewed_object(
        "Secondary Capture", lambda: _capture(folder, review, overlay)
    )
    if reasons:
        return reasons
    write_bytes(folder / capture_name(review["revision"]), content)
    write_bytes(folder / REVIEWED_SECONDARY_CAPTURE, content)
    return []


def _capture(folder: Path, review: Mapping[str, Any], overlay: Image.Image) -> Any:
    source = ReportedSource(dcmread(folder / STRUCTURED_REPORT))
    plan = Plan.from_document(review["plan"])
    # Number 1 of the series is the capture of the automatic plan.
    capture = overlay_capture(source, plan, overlay, int(review["revision"]) + 1)
    date, time = local_time_of(review)
    capture.ContentDate, capture.ContentTime = date, time
    capture.DateOfSecondaryCapture, capture.TimeOfSecondaryCapture = date, time
    return capture
