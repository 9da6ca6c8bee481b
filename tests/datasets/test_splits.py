from pathlib import Path

import numpy as np
import pytest

from callosal.models.errors import DataError
from callosal.pipelines.datasets.participants import Participant
from callosal.pipelines.datasets.splits import check_pictures, fold_by_site, with_split_file

SIZES = {"a": 9, "b": 5, "c": 4, "d": 3, "e": 2}
ROWS = [
    *(Participant(f"{site}{i}", site, "train") for site, n in SIZES.items() for i in range(n)),
    Participant("t0", "t", "test"),
    Participant("v0", "v", "val"),
]


def _table(folder: Path, text: str) -> Path:
    path = folder / "split.tsv"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_subject_is_validated_on_once_and_sites_stay_whole() -> None:
    held: list[str] = []
    for fold in range(3):
        rows = fold_by_site(ROWS, 3, fold)
        assert [row.name for row in rows] == [row.name for row in ROWS]
        val = {row.site for row in rows if row.split == "val"}
        assert not val & {row.site for row in rows if row.split == "train"}
        assert {row.site for row in rows if row.split == "test"} == {"t"}
        held += [row.name for row in rows if row.split == "val"]
    assert sorted(held) == sorted(row.name for row in ROWS if row.split != "test")


def test_folds_are_about_equally_large() -> None:
    sizes = [sum(row.split == "val" for row in fold_by_site(ROWS, 3, fold)) for fold in range(3)]
    assert max(sizes) - min(sizes) <= 2


def test_who_is_in_no_split_stays_out_of_the_folds() -> None:
    rows = [*ROWS, Participant("x0", "a", "n/a")]
    assert fold_by_site(rows, 3, 0)[-1].split == "n/a"


def test_sessions_of_a_subject_do_not_come_apart(tmp_path: Path) -> None:
    rows = [Participant("sub-1_ses-1", "a", "train"), Participant("sub-1_ses-2", "b", "train")]
    with pytest.raises(DataError, match="'sub-1' is in"):
        fold_by_site(rows, 2, 0)
    text = "participant_id\tsplit\nsub-1_ses-1\ttrain\nsub-1_ses-2\tval\n"
    with pytest.raises(DataError, match=r"sub-1_ses-1.*sub-1_ses-2"):
        with_split_file(rows, _table(tmp_path, text))


def test_a_picture_in_two_splits_is_refused_under_any_name() -> None:
    images = np.random.default_rng(0).random((3, 8, 8)).astype(np.float16)
    check_pictures({"train": (["a", "b"], images[:2]), "val": (["c"], images[2:])})
    with pytest.raises(DataError, match="b in train and c in val are the same picture"):
        check_pictures({"train": (["a", "b"], images[:2]), "val": (["c"], images[1:2])})


@pytest.mark.parametrize(("folds", "fold"), [(1, 0), (3, 3), (3, -1), (9, 0)])
def test_folds_that_cannot_be_made_are_refused(folds: int, fold: int) -> None:
    with pytest.raises(DataError) as caught:
        fold_by_site(ROWS, folds, fold)
    assert caught.value.code == "bad_fold"


def test_a_split_file_overrides_and_leaves_out(tmp_path: Path) -> None:
    table = _table(tmp_path, "participant_id\tsplit\na0\ttest\nt0\ttrain\n")
    assert with_split_file(ROWS, table) == [
        Participant("a0", "a", "test"), Participant("t0", "t", "train"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("participant_id\na0\n", "split"),
        ("participant_id\tsplit\nx9\ttrain\n", "x9"),
        ("participant_id\tsplit\na0\ttrian\n", "trian"),
        ("participant_id\tsplit\na0\ttrain\na0\tval\n", "twice"),
        ("", "missing"),
    ],
)
def test_a_wrong_split_file_is_refused_with_what_was_found(
    text: str, expected: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=expected):
        with_split_file(ROWS, _table(tmp_path, text))


def test_a_missing_split_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.tsv"):
        with_split_file(ROWS, tmp_path / "nowhere.tsv")
