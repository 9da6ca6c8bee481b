"""participants.tsv: the subjects of a folder of pairs, their sites and splits."""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from callosal.models.errors import DataError

PARTICIPANTS = "participants.tsv"
MAX_ID_BYTES = 200
"""Longest participant_id: with its endings it still has to be a file's name."""


@dataclass(frozen=True)
class Participant:
    """One row of participants.tsv.

    Attributes:
        name: Its participant_id, which is its folder's name.
        site: Scanner site.
        split: train, val or test; any other word leaves it out.
    """

    name: str
    site: str
    split: str

    @property
    def subject(self) -> str:
        """The person: what comes before a session, as in BIDS.

        >>> Participant("sub-01_ses-2", "A", "train").subject
        'sub-01'
        """
        return self.name.partition("_ses-")[0]


def read_participants(root: Path) -> list[Participant]:
    """Read participants.tsv.

    Raises:
        DataError: `no_participants`; `bad_participants` where a column or a value is missing, an
            id is given twice or cannot be a folder's name, or the text is not UTF-8 or UTF-16;
            `split_leak` where sessions of a subject lie in several splits.
    """
    table = root / PARTICIPANTS
    if not table.is_file():
        raise DataError(
            f"{root.name}: {PARTICIPANTS} is missing; it names each subject, site and split",
            code="no_participants",
        )
    columns = ("participant_id", "site", "split")
    rows = read_table(table, columns, "bad_participants")
    people = [Participant(*(row[column] for column in columns)) for row in rows]
    check_subjects(people, table.name)
    return people


def read_table(table: Path, columns: Sequence[str], code: str) -> list[dict[str, str]]:
    """Read a tab-separated table whose first column of interest names subjects.

    Args:
        table: The file, in UTF-8, or in UTF-16 with its byte-order mark.
        columns: Columns to read, the one with the ids first.
        code: Reason code of its mistakes.

    Returns:
        The values of these columns row by row, without white space around them; none is empty.

    Raises:
        DataError: With that code and the line.
    """
    reader = csv.DictReader(io.StringIO(_text(table, code), newline=""), delimiter="\t")
    rows: list[dict[str, str]] = []
    try:
        found = [(name or "").strip() for name in reader.fieldnames or ()]
        reader.fieldnames = found
        _check_columns(table.name, found, columns, code)
        for row in reader:
            values = {column: (row[column] or "").strip() for column in columns}
            empty = [column for column in columns if not values[column]]
            if empty:
                raise DataError(
                    f"{table.name}, line {reader.line_num}: {', '.join(empty)} is empty; fill it "
                    "in (n/a as split leaves a subject out)",
                    code,
                )
            _check_id(values[columns[0]], f"{table.name}, line {reader.line_num}", code)
            rows.append(values)
    except csv.Error as error:
        raise DataError(f"{table.name}, line {reader.line_num + 1}: {error}", code) from error
    _check_twice(table.name, [row[columns[0]] for row in rows], code)
    return rows


def check_subjects(people: Sequence[Participant], where: str) -> None:
    """Refuse a person in two splits: what is then measured is memory.

    Raises:
        DataError: `split_leak`.
    """
    homes: dict[str, Participant] = {}
    for person in people:
        if person.split not in ("train", "val", "test"):
            continue
        first = homes.setdefault(person.subject, person)
        if first.split != person.split:
            raise DataError(
                f"{where}: subject {person.subject!r} is in {first.split} ({first.name}) and in "
                f"{person.split} ({person.name}); keep each person in one split",
                "split_leak",
            )


def _text(table: Path, code: str) -> str:
    try:
        content = table.read_bytes()
    except OSError as error:
        reason = error.strerror or "input/output error"
        raise DataError(f"{table.name}: cannot be read ({reason})", code) from error
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(
            f"{table.name}, line {line}: not UTF-8 (byte 0x{content[error.start]:02x}); save the "
            "table as UTF-8",
            code,
        ) from error


def _check_columns(name: str, found: Sequence[str], columns: Sequence[str], code: str) -> None:
    missing = [column for column in columns if column not in found]
    if missing:
        there = ", ".join(found) or "none"
        raise DataError(
            f"{name}: column {', '.join(missing)} is missing; its columns, separated by tabs: "
            f"{there}",
            code,
        )


def _check_id(name: str, where: str, code: str) -> None:
    """Refuse an id that is no name of a folder beside the table."""
    if len(name.encode()) > MAX_ID_BYTES:
        raise DataError(
            f"{where}: a participant_id of {len(name.encode())} bytes; at most {MAX_ID_BYTES}", code
        )
    if name in (".", "..") or set(name) & set("/\\\0"):
        raise DataError(
            f"{where}: participant_id {name!r} is not the name of a folder beside the table", code
        )


def _check_twice(name: str, ids: Sequence[str], code: str) -> None:
    twice = [one for one, count in Counter(ids).items() if count > 1]
    if twice:
        raise DataError(f"{name}: {', '.join(map(repr, twice[:3]))}: named twice", code)
