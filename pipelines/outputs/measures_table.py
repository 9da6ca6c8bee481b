"""measures.csv: every measure of every case in one table, thickness profile included."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from callosal.pipelines.outputs.atomic import write_text
from callosal.pipelines.outputs.file_names import CASES, MEASURES_TABLE, PLAN
from callosal.pipelines.outputs.rejection import is_rejected, standing_row
from callosal.pipelines.outputs.results import Row, safe_cell

POINTS: Final = 100
THICKNESS_COLUMNS = tuple(f"thickness_{place:03d}_mm" for place in range(1, POINTS + 1))
"""The thickness profile in one row, rostrum first."""

_KEYS = ("case_id", "status", "confidence", "reasons", "finding")
_NO_COLUMNS = frozenset({"thickness_profile_mm", "reasons"})


def write_measures(output: Path, rows: Iterable[Row]) -> None:
    """Write the table, one row a case, sorted by case.

    A case without measures, or whose plan was rejected, has its keys and empty cells.

    Args:
        output: Folder of the run.
        rows: Rows of its results.

    Raises:
        OutputError: The disk is full or read-only.
    """
    ordered = sorted(rows, key=lambda row: str(row["case_id"]))
    folders = [output / CASES / str(row["case_id"]) for row in ordered]
    filled = [
        {**_keys(standing_row(folder, row)), **_measures(folder)}
        for folder, row in zip(folders, ordered, strict=True)
    ]
    names = dict.fromkeys(name for row in filled for name in row if name not in THICKNESS_COLUMNS)
    columns = list(dict.fromkeys([*_KEYS, *names, *THICKNESS_COLUMNS]))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: safe_cell(value) for name, value in row.items()} for row in filled)
    write_text(output / MEASURES_TABLE, text.getvalue())


def _keys(row: Row) -> dict[str, Any]:
    return {name: row.get(name) for name in _KEYS if name != "finding"}


def _measures(folder: Path) -> dict[str, Any]:
    """What a plan has of its callosum, in the order of the plan."""
    if is_rejected(folder):
        return {}
    try:
        document = json.loads((folder / PLAN).read_text(encoding="utf-8"))
        measures: Mapping[str, Any] = document["morphometry"] or {}
        finding = document["finding"]["kind"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    profile = measures.get("thickness_profile_mm") or []
    return {
        "finding": finding,
        **{name: value for name, value in measures.items() if name not in _NO_COLUMNS},
        **(dict(zip(THICKNESS_COLUMNS, profile, strict=True)) if len(profile) == POINTS else {}),
    }
