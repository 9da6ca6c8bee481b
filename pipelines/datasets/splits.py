"""Who is trained on, who is watched, who is tested: by the table, a file of one's own, or folds.

Subjects of one site share scanner and protocol; a fold holds whole sites, so that validation is
always on sites never seen.
"""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from callosal.models.errors import DataError
from callosal.pipelines.datasets.nifti_pairs import Participant

SPLITS = ("train", "val", "test")


def with_split_file(participants: Sequence[Participant], table: Path) -> list[Participant]:
    """Take the splits from a table of one's own; who is not in it is left out.

    Args:
        participants: Rows of participants.tsv.
        table: Tab-separated file with the columns participant_id and split.

    Raises:
        DataError: The file cannot be read, lacks a column, names a subject twice or one that is
            not there, or a split other than train, val and test.
    """
    try:
        with table.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream, delimiter="\t"))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{table.name}: cannot be read ({error})", "bad_split_file") from error
    missing = {"participant_id", "split"} - set(rows[0] if rows else {})
    if missing:
        raise DataError(
            f"{table.name}: column {', '.join(sorted(missing))} is missing", "bad_split_file"
        )
    asked = {row["participant_id"]: row["split"] for row in rows}
    _check(table.name, rows, asked, {row.name for row in participants})
    return [replace(row, split=asked[row.name]) for row in participants if row.name in asked]


def _check(
    name: str, rows: Sequence[dict[str, str]], asked: dict[str, str], known: set[str]
) -> None:
    unknown = sorted(set(asked) - known)
    wrong = sorted({split for split in asked.values() if split not in SPLITS})
    twice = [subject for subject, n in Counter(r["participant_id"] for r in rows).items() if n > 1]
    for found, what in (
        (twice, "named twice"),
        (unknown, "not in participants.tsv"),
        (wrong, f"no split; the splits are {', '.join(SPLITS)}"),
    ):
        if found:
            raise DataError(f"{name}: {', '.join(map(repr, found[:3]))}: {what}", "bad_split_file")


def fold_by_site(participants: Sequence[Participant], folds: int, fold: int) -> list[Participant]:
    """Divide the sites of train and val anew into folds; the test sites stay untouched.

    The largest site goes to the emptiest fold first, so that folds are about equally large.

    Args:
        participants: Rows with their splits.
        folds: Number of folds, at least 2.
        fold: The one to validate on, from 0.

    Raises:
        DataError: There are fewer sites than folds, or no such fold.

    Example:
        >>> rows = [Participant(f"sub-{i}", f"site-{i % 3}", "train") for i in range(6)]
        >>> [row.split for row in fold_by_site(rows, 3, 0)]
        ['val', 'train', 'train', 'val', 'train', 'train']
    """
    if folds < 2 or not 0 <= fold < folds:
        raise DataError(
            f"fold {fold} of {folds}: needs two folds or more, counted from 0", "bad_fold"
        )
    sizes = Counter(row.site for row in participants if row.split != "test")
    if len(sizes) < folds:
        raise DataError(
            f"participants.tsv: {len(sizes)} sites for {folds} folds; a fold holds whole sites",
            "bad_fold",
        )
    totals = [0] * folds
    home: dict[str, int] = {}
    for site, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        home[site] = totals.index(min(totals))
        totals[home[site]] += size
    return [
        row
        if row.split == "test"
        else replace(row, split="val" if home[row.site] == fold else "train")
        for row in participants
    ]
