"""What `list-series` shows: every stack and every other file, with the verdict on each."""

import json
from collections.abc import Mapping

from rich.markup import escape
from rich.table import Table

from callosal.pipelines.dicom.facts import Fact
from callosal.pipelines.reading.cases import Case, CaseIndex
from callosal.pipelines.reading.skips import Skip

SCHEMA = "callosal/series/1"

_HEADINGS = ("what", "slices", "matrix", "spacing mm", "orientation", "TR/TE/TI ms", "verdict")


def listing_json(index: CaseIndex) -> str:
    """The listing as JSON text of schema `callosal/series/1`: stacks and images, then files."""
    rows: list[Case | Skip] = [*index.cases, *index.skipped]
    listing = {
        "schema": SCHEMA,
        "n_kept": len(index.cases),
        "n_skipped": len(index.skipped),
        "stacks": [_json_row(row) for row in rows if row.source],
        "files": [_json_row(row) for row in rows if not row.source],
    }
    return json.dumps(listing, indent=2)


def listing_table(index: CaseIndex) -> Table:
    """The listing as a table for the console, names of files escaped."""
    rows: list[Case | Skip] = [*index.cases, *index.skipped]
    table = Table()
    for heading in _HEADINGS:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(escape(row.label), *_fact_cells(row.source), _verdict(row))
    return table


def _json_row(row: Case | Skip) -> dict[str, object]:
    if isinstance(row, Case):
        verdict: dict[str, object] = {"status": "kept", "code": None, "reason": None}
    else:
        verdict = {"status": "skipped", "code": row.code, "reason": row.message}
        if not row.source:
            verdict["n_files"] = row.n_files
    return {"label": row.label, **verdict, **row.source}


def _fact_cells(source: Mapping[str, Fact]) -> tuple[str, ...]:
    if not source:
        return ("",) * 5
    times = (source.get(f"{name}_time_ms") for name in ("repetition", "echo", "inversion"))
    return (
        str(source["n_slices"]),
        _join(source["matrix"], "x"),
        _join(source["spacing_mm"], " x "),
        str(source["orientation"]),
        "/".join("-" if time is None else f"{time:g}" for time in times),
    )


def _join(values: Fact, separator: str) -> str:
    return separator.join(f"{value:g}" for value in values) if isinstance(values, list) else ""


def _verdict(row: Case | Skip) -> str:
    if isinstance(row, Skip):
        return f"skipped ({row.code}): {escape(row.message)}"
    notes = row.source["notes"]
    return "; ".join(["kept", *map(str, notes if isinstance(notes, list) else [])])
