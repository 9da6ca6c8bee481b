"""What a reader has to know of a group before its results are used."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from callosal.pipelines.bids.dataset import BidsImage
from callosal.pipelines.bids.image_cases import change_since
from callosal.pipelines.group.change_table import Changes
from callosal.pipelines.group.made_with import mixture
from callosal.pipelines.group.participants import PARTICIPANTS
from callosal.pipelines.group.table import SAME_IMAGE, GroupTable, Row, case_folder

_MOST_NAMES = 8


def checks(table: GroupTable, changes: Changes, bids_dir: Path, output_dir: Path) -> list[str]:
    """What is wrong or doubtful, each in a sentence; the worst first.

    Args:
        table: All images.
        changes: What the longitudinal level left.
        bids_dir: Folder of the dataset.
        output_dir: Folder of the derivatives.
    """
    return [
        *mixture(table.rows, output_dir),
        *_replaced(table, bids_dir, output_dir),
        *_lost(table, bids_dir),
        *_same(table),
        *_of_participants(table),
        *_of_changes(changes),
    ]


def _replaced(table: GroupTable, bids_dir: Path, output_dir: Path) -> Iterator[str]:
    names = [
        _stem(row)
        for row in table.rows
        if change_since(_image(bids_dir, row), case_folder(output_dir, row)) == "image_replaced"
    ]
    if names:
        yield (
            f"not the files that were measured, because they were replaced or have a new date: "
            f"{_listed(names)}; run `callosal bids ... participant` again"
        )


def _lost(table: GroupTable, bids_dir: Path) -> Iterator[str]:
    # A link whose file is not fetched is there.
    names = [_stem(r) for r in table.rows if not os.path.lexists(bids_dir / str(r["image"]))]
    if names:
        yield (
            f"the dataset has no such image any more, but its measures still count: "
            f"{_listed(names)}; if it was removed on purpose, delete its *_morph.tsv too"
        )


def _same(table: GroupTable) -> Iterator[str]:
    by_image = {str(row["image"]): row for row in table.rows}
    for row in table.rows:
        if row[SAME_IMAGE] is None:
            continue
        other = by_image[str(row[SAME_IMAGE])]
        if row["participant_id"] == other["participant_id"]:
            people = f"two images of {row['participant_id']}"
        else:
            people = f"{other['participant_id']} and {row['participant_id']}"
        yield f"{people} hold the same image: {_stem(other)} and {_stem(row)}; is one a copy?"


def _of_participants(table: GroupTable) -> Iterator[str]:
    yield from table.listed.faults
    listed = table.listed.traits
    unlisted = [name for name in table.participants if name not in listed]
    if listed and unlisted:
        hint = "" if any(name.startswith("sub-") for name in listed) else (
            f"; ids begin with sub-, those of the table are {_listed(list(listed))}"
        )  # fmt: skip
        yield f"{PARTICIPANTS} does not list {_listed(unlisted)}, so nothing is known of them{hint}"
    if table.without_results:
        yield f"{PARTICIPANTS} lists {_listed(table.without_results)}, without any result"
    if table.gone:
        yield f"left out: {_listed(table.gone)}; the dataset has no such participant any more"


def _of_changes(changes: Changes) -> Iterator[str]:
    for one in changes.unknown:
        yield f"change of {one.participant} not measured: {one.code}: {one.words}"
    if changes.left_out:
        told = _listed([f"{image} ({code})" for image, code in changes.left_out])
        yield f"measured without some of the sessions: {told}"
    if changes.missing:
        yield (
            f"change of {_listed(changes.missing)} not measured yet: run `callosal bids ... "
            "longitudinal`"
        )


def _image(bids_dir: Path, row: Row) -> BidsImage:
    name = str(row["image"])
    return BidsImage(bids_dir / name, name, {}, "")


def _stem(row: Row) -> str:
    return str(row["image"]).rpartition("/")[2].split(".")[0]


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    return f"{shown} and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else shown
