"""Contents of a run's folder, read back for a page: rows, record, timings and small pictures."""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image

from callosal.models.errors import InputError
from callosal.pipelines.outputs.audit_table import read_audit_rows
from callosal.pipelines.outputs.case_id import is_case_name
from callosal.pipelines.outputs.file_names import (
    CASES,
    OVERLAY,
    PARCELS_PICTURE,
    PLAN,
    REVIEWED_OVERLAY,
    REVIEWED_PLAN,
    REVIEWED_SECONDARY_CAPTURE,
    REVIEWED_SEGMENTATION,
    REVIEWED_STRUCTURED_REPORT,
    REVIEWED_THUMBNAIL,
    RUN_FILE,
    SECONDARY_CAPTURE,
    SEGMENTATION,
    STITCHED_PICTURE,
    STRUCTURED_REPORT,
    THUMBNAIL,
)
from callosal.pipelines.outputs.json_object import json_object
from callosal.pipelines.outputs.outbox import State, sending_states
from callosal.pipelines.outputs.results import read_rows
from callosal.pipelines.outputs.reviewed_row import automatic_row
from callosal.pipelines.pictures.first_cause import first_cause
from callosal.pipelines.pictures.thumbnail import thumbnail_bytes
from callosal.pipelines.planning.findings import BARS
from callosal.pipelines.report.case_review import CaseReview, read_review
from callosal.pipelines.report.plan_facts import PlanFacts, number, plan_facts

TEXTS = ("case_id", "status", "reasons", "kind", "transverse")
NUMBERS = (
    "confidence", "final_angle_deg", "area_mm2", "seconds", "box_angle_deg", "box_length_mm",
    "box_width_mm", "line_angle_deg", "midline_length_mm", "thickness_mean_mm", "cc_index",
    "dof_estimated", "final_center_x_lps_mm", "final_center_y_lps_mm", "final_center_z_lps_mm",
    *BARS,
)  # fmt: skip

OPENED = (
    PLAN, REVIEWED_PLAN, OVERLAY, REVIEWED_OVERLAY, PARCELS_PICTURE,
    SEGMENTATION, STRUCTURED_REPORT, SECONDARY_CAPTURE, REVIEWED_STRUCTURED_REPORT,
    REVIEWED_SECONDARY_CAPTURE, REVIEWED_SEGMENTATION, STITCHED_PICTURE,
)  # fmt: skip
"""Files of a case that the page links if they exist."""


@dataclass(frozen=True)
class Cells:
    """A row of the table.

    Attributes:
        texts: Values of the columns `TEXTS`; "" for a missing one.
        numbers: Values of the columns `NUMBERS`; None for a value that was not measured.
    """

    texts: Mapping[str, str]
    numbers: Mapping[str, float | None]


@dataclass(frozen=True)
class ReportedCase:
    """One case as the page shows it.

    Attributes:
        shown: Its row; for a reviewed case, row, stacks and picture are those of the review.
        facts: Timings, stacks and thickness profile; empty without a plan.
        picture: A WebP of slice, outline, box, line and ROI; None if nothing was segmented.
        files: The existing ones of `OPENED`.
        review: The decision of a person; None without one.
        automatic: Its row as `callosal infer` left it.
        cause: Why it is not `ok`, in one sentence; "" if it is, or if a person has decided.
        sending: State and reason of its way to the archives; None if it was never to be sent.
    """

    shown: Cells
    facts: PlanFacts
    picture: bytes | None
    files: tuple[str, ...]
    review: CaseReview | None
    automatic: Cells
    cause: str = ""
    sending: tuple[State, str] | None = None

    @property
    def texts(self) -> Mapping[str, str]:
        """Texts of the row that is shown."""
        return self.shown.texts

    @property
    def numbers(self) -> Mapping[str, float | None]:
        """Numbers of the row that is shown."""
        return self.shown.numbers

    @property
    def timings_ms(self) -> Mapping[str, float]:
        """Milliseconds by stage; empty without a plan."""
        return self.facts.timings_ms

    @property
    def case_id(self) -> str:
        """Name of the case."""
        return self.texts["case_id"]

    @property
    def is_reviewed(self) -> bool:
        """Whether there is a valid decision: a readable one, on the current plan."""
        return self.review is not None and self.review.row is not None and not self.review.is_old


@dataclass(frozen=True)
class RunFolder:
    """A run: its record (run.json, empty if missing), its cases in order, and rows of an audit."""

    record: Mapping[str, Any]
    cases: tuple[ReportedCase, ...]
    audit: tuple[Mapping[str, Any], ...] = ()


def read_run(folder: Path) -> RunFolder:
    """Read what `callosal infer` wrote.

    Args:
        folder: The run's folder, with results.jsonl.

    Raises:
        InputError: The table is missing or incomplete, or a picture is broken (`bad_run_folder`).

    Example:
        >>> import callosal
        >>> from tempfile import TemporaryDirectory
        >>> from callosal.pipelines.commands.infer import infer
        >>> from callosal.pipelines.phantom import phantom_head
        >>> from callosal.pipelines.planning.reslice import nifti_bytes
        >>> head = phantom_head(3, (80, 120, 120), (2.0, 2.0, 2.0)).volume
        >>> with TemporaryDirectory() as folder:
        ...     _ = Path(folder, "head.nii.gz").write_bytes(nifti_bytes(head))
        ...     code = infer([Path(folder, "head.nii.gz")], Path(folder, "run"), device="cpu")
        ...     run = callosal.read_run(Path(folder, "run"))
        >>> code, [case.texts["status"] for case in run.cases]
        (0, ['ok'])
    """
    rows = sorted(read_rows(folder), key=lambda row: str(row["case_id"]))
    sending = sending_states(folder)
    cases = tuple(
        replace(_case(folder, row), sending=sending.get(str(row["case_id"]))) for row in rows
    )
    return RunFolder(json_object(folder / RUN_FILE), cases, tuple(read_audit_rows(folder)))


def _case(folder: Path, row: Mapping[str, Any]) -> ReportedCase:
    place = folder / CASES / _text(row["case_id"])
    if not is_case_name(place.name) or not place.is_dir():
        cells = _cells(row)
        cause = first_cause(cells.texts["status"], _codes(cells), {})
        return ReportedCase(cells, plan_facts({}), None, (), None, cells, cause)
    row = automatic_row(place, row)
    automatic = _cells(row)
    plan = place / PLAN
    review = read_review(place, row, _sha256(plan))
    document = json_object(plan)
    facts = plan_facts(document)
    if review is not None and review.row is not None:
        facts = replace(facts, stacks=plan_facts(review.plan or {}).stacks)
    return ReportedCase(
        _cells(_row_to_show(row, review)),
        facts,
        _picture(place),
        tuple(name for name in OPENED if (place / name).is_file()),
        review,
        automatic,
        _cause(document, automatic, review),
    )


def _cause(document: Mapping[str, Any], automatic: Cells, review: CaseReview | None) -> str:
    """The first cause of a doubt that no person has settled; the row has the codes in any case."""
    if review is not None and review.row is not None and not review.is_old:
        return ""
    source = document.get("source")
    facts = source if isinstance(source, dict) else {}
    return first_cause(automatic.texts["status"], _codes(automatic), facts)


def _codes(cells: Cells) -> list[str]:
    return [code for code in cells.texts["reasons"].split(";") if code]


def _row_to_show(row: Mapping[str, Any], review: CaseReview | None) -> Mapping[str, Any]:
    """The row as the review left it; the decision is shown beside it, not as a reason."""
    if review is None or review.row is None:
        return row
    if review.plan is not None:
        return review.row
    return {**review.row, "reasons": row.get("reasons"), "seconds": row.get("seconds")}


def _cells(row: Mapping[str, Any]) -> Cells:
    return Cells(
        {name: _text(row.get(name)) for name in TEXTS},
        {name: number(row.get(name)) for name in NUMBERS},
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _picture(place: Path) -> bytes | None:
    """The small picture, of the reviewed plan if there is one.

    For a case of an older version it is made here from the large picture.
    """
    for small in (place / REVIEWED_THUMBNAIL, place / THUMBNAIL):
        if small.is_file():
            return small.read_bytes()
    large = place / OVERLAY
    if not large.is_file():
        return None
    try:
        with Image.open(io.BytesIO(large.read_bytes()), formats=["PNG"]) as picture:
            return thumbnail_bytes(picture)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(
            f"{place.name}/{large.name}: is no picture ({error})", code="bad_run_folder"
        ) from error
