"""audit.csv and audit.jsonl: one row for each acquired stack, with no identity and no path."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from callosal.pipelines.outputs.atomic import write_text
from callosal.pipelines.outputs.file_names import AUDIT_ROWS, AUDIT_TABLE
from callosal.pipelines.outputs.results import safe_cell

AuditRow = Mapping[str, Any]

COLUMNS = (
    "exam_id",
    "series_number",
    "role",
    "status",
    "reason",
    "planned",
    "angle_deg",
    "in_plane_deg",
    "turn_left_deg",
    "turn_posterior_deg",
    "turn_superior_deg",
    "offset_across_mm",
    "offset_left_mm",
    "offset_posterior_mm",
    "offset_superior_mm",
    "cover_right_mm",
    "cover_anterior_mm",
    "cover_inferior_mm",
    "cover_left_mm",
    "cover_posterior_mm",
    "cover_superior_mm",
    "cover_assumed",
    "slices_missing",
    "slices_spare",
    "n_slices",
    "thickness_mm",
    "slice_distance_mm",
    "prescription",
    "planned_prescription",
    "reference",
    "moved_deg",
    "moved_mm",
    "moved_reason",
    "vendor_alignment",
    "protocol",
    "station",
    "month",
)


def write_audit_tables(output: Path, rows: Iterable[AuditRow]) -> None:
    """Write both tables, sorted by exam and series.

    Raises:
        OutputError: The disk is full or read-only.
    """
    ordered = sorted(rows, key=lambda row: (str(row["exam_id"]), row["series_number"] or 0))
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: safe_cell(value) for key, value in row.items()} for row in ordered)
    write_text(output / AUDIT_TABLE, text.getvalue())
    write_text(output / AUDIT_ROWS, "".join(json.dumps(row) + "\n" for row in ordered))


def read_audit_rows(output: Path) -> list[dict[str, Any]]:
    """Rows of audit.jsonl; none where there is no audit or its table is broken."""
    try:
        text = (output / AUDIT_ROWS).read_text(encoding="utf-8")
        rows = [json.loads(line) for line in text.splitlines()]
        return [{column: row[column] for column in COLUMNS} for row in rows]
    except (OSError, ValueError, KeyError, TypeError):
        return []
