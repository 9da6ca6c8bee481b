"""The group level: the table, the differences and the page of all that is measured."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console

from callosal.models.errors import InputError
from callosal.pipelines.bids.tsv import tsv_text
from callosal.pipelines.bids.validation import read_description
from callosal.pipelines.group.change_table import Changes, read_changes
from callosal.pipelines.group.checks import checks
from callosal.pipelines.group.differences import FEWEST, Comparison
from callosal.pipelines.group.page import group_page, headline
from callosal.pipelines.group.page_data import (
    MOST_GROUPS,
    difference_rows,
    group_comparisons,
    page_data,
    pictures,
)
from callosal.pipelines.group.participants import PARTICIPANTS
from callosal.pipelines.group.settings import GroupSettings
from callosal.pipelines.group.sidecar import sidecar_json
from callosal.pipelines.group.table import GroupTable, collect
from callosal.pipelines.outputs.atomic import remove, write_text
from callosal.pipelines.outputs.exit_code import exit_code

TABLE = "group.tsv"
SIDECAR = "group.json"
DIFFERENCES = "group_differences.tsv"
PROFILE = "group_thickness.tsv"
CHANGE = "group_change.tsv"
PAGE = "group.html"


def run_group(bids_dir: Path, output_dir: Path, settings: GroupSettings) -> int:
    """Write group.tsv with its sidecar, group.html and the tables of differences.

    Args:
        bids_dir: Folder of the dataset.
        output_dir: Folder of the derivatives.
        settings: Which columns of participants.tsv are compared by.

    Returns:
        Exit code: 0 all written, 1 no image was measured with confidence.

    Raises:
        InputError: There is no dataset, there are no results, or a table cannot be read.
        OutputError: The disk is full or read-only.
    """
    if not bids_dir.is_dir():
        raise InputError(
            f"{bids_dir.name}: there is no such folder; check the path", "no_such_input"
        )
    name = str(read_description(bids_dir)["Name"])
    table = collect(bids_dir, output_dir)
    changes = read_changes(table, output_dir)
    comparisons = group_comparisons(table, settings)
    found = checks(table, changes, bids_dir, output_dir)
    data = page_data(table, comparisons, settings, output_dir, found)
    _write_tables(table, changes, comparisons, output_dir)
    write_text(output_dir / SIDECAR, sidecar_json(table, bids_dir))
    page = group_page(name, data, pictures(table, output_dir), version("callosal"))
    write_text(output_dir / PAGE, page)
    console = Console(stderr=True)
    told = [f"check: {line}" for line in found]
    for line in (f"{headline(data)}.", *told, *_missing(bids_dir, table, data), *_uncompared(data)):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(f"to look at: {output_dir / PAGE}", markup=False, soft_wrap=True)
    n_sure = sum(row["is_sure"] for row in data["rows"])
    return exit_code(n_sure, n_sure, nothing_usable=not n_sure)


def _write_tables(
    table: GroupTable, changes: Changes, comparisons: Iterable[Comparison], output_dir: Path
) -> None:
    write_text(output_dir / TABLE, tsv_text(table.columns, table.rows))
    compared = list(comparisons)
    rows = difference_rows(compared)
    places = [
        {
            "group_1": found.groups[0],
            "group_2": found.groups[1],
            "position": round((place + 0.5) / len(found.profile_q), 4),
            "difference_mm": round(float(found.profile.difference[place]), 4),
            "effect": round(float(found.profile.effect[place]), 4),
            "p": round(float(found.profile.p[place]), 6),
            "q": round(float(found.profile_q[place]), 6),
        }
        for found in compared
        if found.profile is not None and found.profile_q is not None
        for place in range(len(found.profile_q))
    ]
    for file, found_rows in ((DIFFERENCES, rows), (PROFILE, places)):
        _write_or_remove(output_dir / file, list(found_rows[0]) if found_rows else (), found_rows)
    _write_or_remove(output_dir / CHANGE, changes.columns(table), changes.rows)


def _write_or_remove(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a table; without rows, remove the one of an earlier run."""
    if rows:
        write_text(path, tsv_text(columns, rows))
    else:
        remove(path)


def _missing(bids_dir: Path, table: GroupTable, data: Mapping[str, Any]) -> list[str]:
    """What the tables of the dataset lack."""
    asked = data["asked_columns"]
    missing = [what for what, column in data["columns_of"].items() if column is None]
    if missing and not (bids_dir / PARTICIPANTS).is_file() and not table.traits:
        return [
            f"{bids_dir.name} has no {PARTICIPANTS}, so {' and '.join(missing)} are not known: no "
            "groups are compared and nothing is drawn over age; add the table, with a column "
            "participant_id"
        ]
    return [
        f"{PARTICIPANTS} has no column {asked[what]!r}; name another with --group.{what}_column"
        for what in missing
    ]


def _uncompared(data: Mapping[str, Any]) -> list[str]:
    """Why groups that a column holds are not compared."""
    column, sizes = data["columns_of"]["group"], data["group_sizes"]
    if column is None:
        return []
    if len(sizes) > MOST_GROUPS:
        return [f"{column!r} has {len(sizes)} values; at most {MOST_GROUPS} groups are compared"]
    if len(sizes) < 2:
        return [f"{column!r} has one value only, so there are no groups to compare"]
    small = [f"{name} ({size})" for name, size in sizes.items() if size < FEWEST]
    if not small:
        return []
    return [
        f"not compared: {', '.join(small)}; a group needs {FEWEST} participants that were measured "
        "with confidence"
    ]
