"""plan_sr.reviewed.dcm: the structured report of a reviewed plan, made after the first one.

The first report, plan_sr.dcm, holds the patient, the study and the outline; the images themselves
are not needed. Every report stays in reviews/ beside its review.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset

from callosal.models.errors import InputError
from callosal.pipelines.hospital.case_objects import reviewed_object
from callosal.pipelines.hospital.report_source import ReportedSource
from callosal.pipelines.hospital.structured_report import Review, plan_report
from callosal.pipelines.hospital.written_case import contour_of_case
from callosal.pipelines.outputs.atomic import write_bytes
from callosal.pipelines.outputs.file_names import (
    REVIEWED_STRUCTURED_REPORT,
    REVISIONS,
    STRUCTURED_REPORT,
)
from callosal.pipelines.planning.plan_file import Plan
from callosal.pipelines.review.hand_outline import HandOutline


def write_reviewed_report(
    folder: Path, review: Mapping[str, Any], outline: HandOutline | None = None
) -> list[str]:
    """Make the report of a review, if the case has an earlier report.

    Args:
        folder: Folder of the case.
        review: The review, already kept.
        outline: The mask as corrected; None where the automatic one stands.

    Returns:
        Why there is no report, in words; empty if it was made or none is due.

    Raises:
        OSError: The disk is full or read-only.
    """
    (folder / REVIEWED_STRUCTURED_REPORT).unlink(missing_ok=True)
    if review["plan"] is None:
        return []
    if not (folder / STRUCTURED_REPORT).is_file():
        return [f"No report: the case has no {STRUCTURED_REPORT} to follow"]
    content, reasons = reviewed_object("report", lambda: _report(folder, review, outline))
    if reasons:
        return reasons
    write_bytes(folder / REVISIONS / f"{review['revision']:04d}.dcm", content)
    write_bytes(folder / REVIEWED_STRUCTURED_REPORT, content)
    return []


def _report(folder: Path, review: Mapping[str, Any], outline: HandOutline | None) -> Dataset:
    first = dcmread(folder / STRUCTURED_REPORT)
    plan = Plan.from_document(review["plan"])
    if plan.midsagittal is None:
        raise InputError("review: its plan has no midsagittal slice", "no_plan")
    drawn_mm = None if outline is None else outline.contour_mm
    report = plan_report(
        ReportedSource(first),
        plan,
        contour_of_case(folder, plan.midsagittal) if drawn_mm is None else drawn_mm,
        Review(review["reviewer"], review["comment"], _report_before(folder, first)),
    )
    report.ContentDate, report.ContentTime = local_time_of(review)
    return report


def local_time_of(review: Mapping[str, Any]) -> tuple[str, str]:
    """DICOM date and time of a decision, by the clock of this machine: a person made it here."""
    decided = datetime.fromisoformat(review["reviewed_at"]).replace(tzinfo=UTC).astimezone()
    return decided.strftime("%Y%m%d"), decided.strftime("%H%M%S")


def _report_before(folder: Path, first: Dataset) -> Dataset:
    """The newest report of an earlier review, else the first one."""
    earlier = sorted((folder / REVISIONS).glob("[0-9]*.dcm"))
    return dcmread(earlier[-1]) if earlier else first
