"""Who is trained on, who is watched, who is tested: by the table, a file of one's own, or folds.

Subjects of one site share scanner and protocol; a fold holds whole sites, so that validation is
always on sites never seen.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from callosal.models.errors import DataError
from callosal.pipelines.datasets.participants import Participant, check_subjects, read_table

SPLITS = ("train", "val", "test")
_FOLDED = ("train", "val")


def with_split_file(participants: Sequence[Participant], table: Path) -> list[Participant]:
    """Take the splits from a table of one's own; who is not in it is left out.

    Args:
        participants: Rows of participants.tsv.
        table: Tab-separated file with the columns participant_id and split.

    Raises:
        DataError: The file cannot be read, lacks a column, names a subject twice or one that is
            not there, or a split other than train, val and test.
    """
    rows = read_table(table, ("participant_id", "split"), "bad_split_file")
    asked = {row["participant_id"]: row["split"] for row in rows}
    _check(table.name, asked, {row.name for row in participants})
    chosen = [replace(row, split=asked[row.name]) for row in participants if row.name in asked]
    check_subjects(chosen, table.name)
    return chosen


def _check(name: str, asked: dict[str, str], known: set[str]) -> None:
    unknown = sorted(set(asked) - known)
    wrong = sorted({split for split in asked.values() if split not in SPLITS})
    for found, what in (
        (unknown, "not in participants.tsv"),
        (wrong, f"no split; the splits are {', '.join(SPLITS)}"),
    ):
        if found:
            raise DataError(f"{name}: {', '.join(map(repr, found[:3]))}: {what}", "bad_split_file")


def check_pictures(banks: Mapping[str, tuple[Sequence[str], NDArray[np.generic]]]) -> None:
    """Refuse a picture that lies in two splits, under whatever name.

    Args:
        banks: Names and images, shape (N, S, S), of each split that was read.

    Raises:
        DataError: `split_leak`.
    """
    homes: dict[bytes, tuple[str, str]] = {}
    for split, (names, images) in banks.items():
        for name, image in zip(names, images, strict=True):
            key = hashlib.blake2b(image.tobytes(), digest_size=16).digest()
            first_split, first = homes.setdefault(key, (split, name))
            if first_split != split:
                raise DataError(
                    f"{first} in {first_split} and {name} in {split} are the same picture; keep "
                    "each person in one split",
                    "split_leak",
                )


def fold_by_site(participants: Sequence[Participant], folds: int, fold: int) -> list[Participant]:
    """Divide the sites of train and val anew into folds; the test sites stay untouched.

    The largest site goes to the emptiest fold first, so that folds are about equally large.

    Args:
        participants: Rows with their splits.
        folds: Number of folds, at least 2.
        fold: The one to validate on, from 0.

    Raises:
        DataError: There are fewer sites than folds, or no such fold, or a subject was scanned at
            sites of several folds.

    Example:
        >>> rows = [Participant(f"sub-{i}", f"site-{i % 3}", "train") for i in range(6)]
        >>> [row.split for row in fold_by_site(rows, 3, 0)]
        ['val', 'train', 'train', 'val', 'train', 'train']
    """
    if folds < 2 or not 0 <= fold < folds:
        raise DataError(
            f"fold {fold} of {folds}: needs two folds or more, counted from 0", "bad_fold"
        )
    sizes = Counter(row.site for row in participants if row.split in _FOLDED)
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
    folded = [
        replace(row, split="val" if home[row.site] == fold else "train")
        if row.split in _FOLDED
        else row
        for row in participants
    ]
    check_subjects(folded, f"fold {fold} of {folds}")
    return folded
