"""What `list-series` shows: every stack and every other file, with the verdict on each."""

import json
from collections.abc import Callable, Mapping

from rich.markup import escape
from rich.table import Table

from callosal.pipelines.dicom.facts import Fact
from callosal.pipelines.reading.best_series import best_series
from callosal.pipelines.reading.cases import Case, CaseIndex
from callosal.pipelines.reading.skips import Skip

SCHEMA = "callosal/series/1"


Words = Callable[[Case | Skip], Mapping[str, str]]
"""Gives further words of a row by name, such as its case id."""


def listing_json(index: CaseIndex, words: Words = lambda _: {}) -> str:
    """The listing as JSON text of schema `callosal/series/1`: stacks and images, then files."""
    rows: list[Case | Skip] = [*index.cases, *index.skipped]
    best = best_series(index)
    listing = {
        "schema": SCHEMA,
        "n_kept": len(index.cases),
        "n_skipped": len(index.skipped),
        "stacks": [_json_row(row, words(row), best) for row in rows if row.source],
        "files": [_json_row(row, words(row), best) for row in rows if not row.source],
    }
    return json.dumps(listing, indent=2)


def listing_table(index: CaseIndex, words: Words = lambda _: {}) -> Table:
    """The listing for the console: verdict, name and facts of each, names of files escaped.

    A list of two columns: with a column for each fact, a terminal of 80 characters would cut
    their words.
    """
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    rows: list[Case | Skip] = [*index.cases, *index.skipped]
    best = best_series(index)
    for row in rows:
        table.add_row("skipped" if isinstance(row, Skip) else "kept", escape(row.label))
        lines = (_named(words(row)), _reason(row), _facts(row.source), best.get(row.uid_key, ""))
        for line in lines:
            if line:
                table.add_row("", line)
    return table


def _named(words: Mapping[str, str]) -> str:
    return escape(", ".join(word for word in words.values() if word))


def _json_row(
    row: Case | Skip, words: Mapping[str, str], best: Mapping[str, str]
) -> dict[str, object]:
    if isinstance(row, Case):
        verdict: dict[str, object] = {
            "status": "kept",
            "code": None,
            "reason": None,
            "best_of_exam": best.get(row.uid_key),
        }
    else:
        verdict = {"status": "skipped", "code": row.code, "reason": row.message}
        if not row.source:
            verdict["n_files"] = row.n_files
    return {"label": row.label, **words, **verdict, **row.source}


def _facts(source: Mapping[str, Fact]) -> str:
    """Such as "192 slices of 256x256, 0.9 x 0.86 x 0.86 mm, sagittal, TR/TE/TI 2000/2.5/900 ms".

    Of a localizer, matrix and voxel are those of its sagittal stack.

    >>> _facts({"kind": "localizer", "n_slices": 15, "matrix": [256, 256], "spacing_mm": [8.0],
    ...         "orientation": "sagittal"})
    '15 slices of 256x256, 8 mm, several orientations'
    """
    if not source:
        return ""
    times = [source.get(f"{name}_time_ms") for name in ("repetition", "echo", "inversion")]
    words = [
        f"{source['n_slices']} slices of {_join(source['matrix'], 'x')}",
        f"{_join(source['spacing_mm'], ' x ')} mm",
        "several orientations" if source.get("kind") == "localizer" else str(source["orientation"]),
    ]
    if source.get("contrast"):
        words.append(str(source["contrast"]))
    if any(time is not None for time in times):
        shown = "/".join("-" if time is None else f"{time:g}" for time in times)
        words.append(f"TR/TE/TI {shown} ms")
    return ", ".join(words)


def _join(values: Fact, separator: str) -> str:
    return separator.join(f"{value:g}" for value in values) if isinstance(values, list) else ""


def _reason(row: Case | Skip) -> str:
    """Why a row was skipped, or what is notable of one that was kept."""
    if isinstance(row, Skip):
        return f"{row.code}: {escape(row.message)}"
    notes = row.source["notes"]
    return "; ".join(map(str, notes)) if isinstance(notes, list) else ""
