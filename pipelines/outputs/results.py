"""results.csv and results.jsonl: one row a case, with no identity and no path."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from callosal.models.errors import InputError
from callosal.pipelines.geometry.plane_angles import wrap_axis_deg
from callosal.pipelines.outputs.atomic import append_line, write_text
from callosal.pipelines.outputs.file_names import CASES, ROWS, TABLE
from callosal.pipelines.outputs.rejection import standing_row
from callosal.pipelines.planning.findings import BARS
from callosal.pipelines.planning.plan_file import Plan

Row = Mapping[str, Any]

MEASURES = ("area_mm2", "midline_length_mm", "thickness_mean_mm", "cc_index")
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")

COLUMNS = (
    "case_id",
    "status",
    "confidence",
    "reasons",
    "kind",
    "final_angle_deg",
    "final_center_x_lps_mm",
    "final_center_y_lps_mm",
    "final_center_z_lps_mm",
    "box_angle_deg",
    "box_length_mm",
    "box_width_mm",
    "line_angle_deg",
    *MEASURES,
    "dof_estimated",
    *BARS,
    "stack_angle_deg",
    "transverse",
    "seconds",
)


def plan_row(case_id: str, plan: Plan, seconds: float) -> dict[str, Any]:
    """The row of one plan; what was not measured is None."""
    final, box, line, stacks = plan.final, plan.box, plan.line, plan.planes
    center = (None, None, None) if final is None else final.center_lps_mm
    length, width = (None, None) if box is None else box.size_mm
    measures, uncertainty = plan.morphometry or {}, plan.uncertainty or {}
    return {
        "case_id": case_id,
        "status": str(plan.status),
        "confidence": plan.confidence,
        "reasons": ";".join(plan.reasons),
        "kind": plan.source.get("kind"),
        "final_angle_deg": None if final is None else final.angle_deg,
        "final_center_x_lps_mm": center[0],
        "final_center_y_lps_mm": center[1],
        "final_center_z_lps_mm": center[2],
        "box_angle_deg": None if box is None else box.angle_deg,
        "box_length_mm": length,
        "box_width_mm": width,
        "line_angle_deg": None if line is None else line.angle_deg,
        **{name: measures.get(name) for name in MEASURES},
        "dof_estimated": plan.dof_estimated,
        **{name: uncertainty.get(name) for name in BARS},
        "stack_angle_deg": _stack_angle_deg(plan),
        "transverse": None if stacks is None else stacks.transverse.prescription,
        "seconds": round(seconds, 3),
    }


def _stack_angle_deg(plan: Plan) -> float | None:
    """Tilt of the transverse stack in the midsagittal plane, whatever line it follows."""
    if plan.planes is None or plan.midsagittal is None:
        return None
    posterior, place = plan.planes.transverse.as_stack().col_dir, plan.midsagittal
    tilt = np.arctan2(posterior @ place.col_dir, posterior @ place.row_dir)
    return round(wrap_axis_deg(float(np.degrees(tilt))), 4)


def failed_row(case_id: str, kind: str, status: str, code: str) -> dict[str, Any]:
    """The row of a case without a plan: failed, or skipped before it was read."""
    empty: dict[str, Any] = dict.fromkeys(COLUMNS)
    return {**empty, "case_id": case_id, "kind": kind, "status": status, "reasons": code}


def append_row(output: Path, row: Row) -> None:
    """Add one row to results.jsonl at once, so that nothing is lost of a run that is cut short."""
    append_line(output / ROWS, json.dumps(row))


def read_rows(output: Path) -> list[dict[str, Any]]:
    """Rows of results.jsonl, one a case: of a case that ran twice, the newest.

    A column that an older version did not write is None.

    Raises:
        InputError: `bad_run_folder`: there is none, or it is cut short.
    """
    try:
        text = (output / ROWS).read_text(encoding="utf-8")
        rows = [json.loads(line) for line in text.splitlines()]
        newest = {str(row["case_id"]): row for row in rows}
        return [_complete(row) for row in newest.values()]
    except FileNotFoundError as error:
        raise InputError(
            f"{output.name}: holds no results.jsonl; name the folder that `callosal infer` wrote",
            "bad_run_folder",
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{output.name}: results.jsonl is not that of a finished run; run `callosal infer` "
            "again to finish it",
            "bad_run_folder",
        ) from error


def _complete(row: Row) -> dict[str, Any]:
    """A row with every column; only the case and its status must be there."""
    named = {"case_id": row["case_id"], "status": row["status"]}
    return {column: row.get(column) for column in COLUMNS} | named


def is_planned(row: Row) -> bool:
    """Whether a case has a plan: `ok`, or `low_confidence` with stacks to look at."""
    return row["transverse"] is not None


def write_tables(output: Path, rows: Iterable[Row]) -> None:
    """Write both tables again, sorted by case; a rejected case has no numbers in them."""
    standing = (standing_row(output / CASES / str(row["case_id"]), row) for row in rows)
    ordered = sorted(standing, key=lambda row: str(row["case_id"]))
    write_csv(output, ordered)
    lines = "".join(json.dumps(row) + "\n" for row in ordered)
    write_text(output / ROWS, lines)


def write_csv(output: Path, ordered: Iterable[Row]) -> None:
    """Write results.csv alone, of rows in their order."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: safe_cell(value) for key, value in row.items()} for row in ordered)
    write_text(output / TABLE, text.getvalue())


def safe_cell(value: Any) -> Any:
    """A table's value, so marked that a spreadsheet runs no text as a formula.

    Numbers lose the noise of their last bits.

    >>> safe_cell("=1+1"), safe_cell(-2.5), safe_cell(0.1 + 0.2)
    ("'=1+1", -2.5, 0.3)
    """
    if isinstance(value, float):
        return float(f"{value:.12g}")
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_SIGNS) else value
