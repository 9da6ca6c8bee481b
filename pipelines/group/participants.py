"""participants.tsv of a dataset, and what is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from callosal.pipelines.bids.tsv import read_tsv

PARTICIPANTS = "participants.tsv"
KEY = "participant_id"

Traits = Mapping[str, str | None]


@dataclass(frozen=True)
class Participants:
    """The participants that a table lists.

    Attributes:
        traits: Row of each participant, such as sub-01.
        faults: What is wrong with the table, each in one sentence.
    """

    traits: Mapping[str, Traits] = field(default_factory=dict)
    faults: tuple[str, ...] = ()


def read_participants(bids_dir: Path) -> Participants:
    """Read the table; a dataset may lack it.

    A participant that is listed twice with different values has none where they differ.

    Args:
        bids_dir: Folder of the dataset.

    Raises:
        InputError: `bad_table`: it cannot be read.
    """
    path = bids_dir / PARTICIPANTS
    rows = read_tsv(path) if path.is_file() else []
    if rows and KEY not in rows[0]:
        found = ", ".join(map(repr, rows[0])) or "none"
        return Participants(
            faults=(
                f"{PARTICIPANTS} has no column {KEY!r}, so nothing is known of the participants; "
                f"its columns, parted by tabs, are {found}",
            )
        )
    # Spreadsheets end their tables with rows of nothing.
    blank = [n for n, row in enumerate(rows, start=1) if row[KEY] is None and any(row.values())]
    listed: dict[str, list[Traits]] = {}
    for row in rows:
        if row[KEY] is not None:
            listed.setdefault(str(row[KEY]), []).append(row)
    faults = [f"{PARTICIPANTS} has no {KEY} in row {n}, which is not used" for n in blank]
    faults += [_repeated(name, found) for name, found in listed.items() if len(found) > 1]
    return Participants({name: _agreed(found) for name, found in listed.items()}, tuple(faults))


def _agreed(rows: Sequence[Traits]) -> Traits:
    """What all rows of a participant say alike."""
    return {
        name: value if all(row[name] == value for row in rows) else None
        for name, value in rows[0].items()
    }


def _repeated(name: str, rows: Sequence[Traits]) -> str:
    differing = [key for key, value in _agreed(rows).items() if value != rows[0][key]]
    said = f"{PARTICIPANTS} lists {name} {len(rows)} times"
    if not differing:
        return f"{said}, with equal values"
    return f"{said}, with different values of {', '.join(differing)}; none of them is used"
