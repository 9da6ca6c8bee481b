"""The tables of a run after a decision: results.reviewed.csv, and what was rejected in all."""

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from callosal.pipelines.outputs.atomic import write_text
from callosal.pipelines.outputs.file_names import CASES, REVIEWED_PLAN, REVIEWED_TABLE, ROWS
from callosal.pipelines.outputs.measures_table import write_measures
from callosal.pipelines.outputs.rejection import standing_row
from callosal.pipelines.outputs.results import (
    COLUMNS,
    append_row,
    read_rows,
    safe_cell,
    write_csv,
)
from callosal.pipelines.outputs.reviewed_row import automatic_row, reviewed_row

REVIEW_COLUMNS = ("decision", "revision", "reviewed_at", "reviewer", "angle_change_deg")


def write_reviewed_table(output: Path) -> None:
    """Write results.reviewed.csv again from results.jsonl and the current reviews.

    A reviewed case has the numbers of its reviewed plan, a rejected one none; others keep the
    row of results.csv. The table can be rebuilt at any time, so it is replaced.

    Args:
        output: Folder of the run.
    """
    found = read_rows(output) if (output / ROWS).is_file() else []
    rows: dict[str, dict[str, Any]] = {str(row["case_id"]): row for row in found}
    for path in sorted((output / CASES).glob(f"*/{REVIEWED_PLAN}")):
        review = json.loads(path.read_text(encoding="utf-8"))
        row = automatic_row(path.parent, rows.get(path.parent.name, {}))
        rows[path.parent.name] = {**reviewed_row(review, row), **_review_cells(review)}
    columns = (*COLUMNS, *REVIEW_COLUMNS)
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for name in sorted(rows):
        writer.writerow({key: safe_cell(value) for key, value in rows[name].items()})
    write_text(output / REVIEWED_TABLE, text.getvalue())


def write_standing_row(output: Path, name: str) -> None:
    """Have results.csv and results.jsonl say that a case is rejected, or that it no longer is.

    The line of results.jsonl is added, not replaced: a service may be adding lines of its own.

    Args:
        output: Folder of the run.
        name: The case that was decided on.
    """
    if not (output / ROWS).is_file():
        return
    rows = {str(row["case_id"]): row for row in read_rows(output)}
    folder = output / CASES / name
    if name not in rows:
        return
    standing = standing_row(folder, automatic_row(folder, rows[name]))
    if standing != rows[name]:
        append_row(output, standing)
        rows[name] = dict(standing)
        write_csv(output, (rows[key] for key in sorted(rows)))
        write_measures(output, rows.values())


def _review_cells(review: Mapping[str, Any]) -> dict[str, Any]:
    turned = [change for change in review["changes"] if change["what"] == "angle_deg"]
    known = turned and turned[0]["from"] is not None
    change_deg = turned[0]["to"] - turned[0]["from"] if known else None
    return {
        "decision": review["decision"],
        "revision": review["revision"],
        "reviewed_at": review["reviewed_at"],
        "reviewer": review["reviewer"],
        "angle_change_deg": None if change_deg is None else round(change_deg, 4),
    }
