from pathlib import Path

import pytest

from callosal.models.errors import DataError
from callosal.pipelines.datasets.nifti_pairs import Participant
from callosal.pipelines.datasets.splits import fold_by_site, with_split_file

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
