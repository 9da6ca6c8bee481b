"""participants.tsv as people's programs write it, and what of it is refused with its line."""

from pathlib import Path

import pytest

from callosal.models.errors import DataError
from callosal.pipelines.datasets.participants import Participant, read_participants

HEAD = "participant_id\tsite\tsplit\n"
TEXT = HEAD + "sub-1\tZürich\ttrain\nsub-2\tB\tval\n"
PEOPLE = [Participant("sub-1", "Zürich", "train"), Participant("sub-2", "B", "val")]


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\t", " \t ").encode() + b"\n\n",
        TEXT.replace("\n", "\tmore\n").encode(),
    ],
    ids=["utf-8", "utf-8-bom", "utf-16", "utf-16-be", "crlf", "blanks", "more columns"],
)
def test_a_table_is_read_however_it_was_saved(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "participants.tsv").write_bytes(content)
    assert read_participants(tmp_path) == PEOPLE


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (TEXT.encode("latin-1"), r"line 2: not UTF-8 \(byte 0xfc\)"),
        (b"", "its columns, separated by tabs: none"),
        (TEXT.replace("\t", ",").encode(), "separated by tabs: participant_id,site,split"),
        ((HEAD + "sub-1\tA\n").encode(), "line 2: split is empty"),
        ((HEAD + "\tA\ttrain\n").encode(), "line 2: participant_id is empty"),
        ((HEAD + "  \tA\ttrain\n").encode(), "line 2: participant_id is empty"),
        ((HEAD + "s" * 300 + "\tA\ttrain\n").encode(), "line 2: a participant_id of 300 bytes"),
        ((HEAD + "../sub-1\tA\ttrain\n").encode(), "not the name of a folder"),
        ((HEAD + "..\tA\ttrain\n").encode(), "not the name of a folder"),
        ((HEAD + "sub-1\tA\ttrain\n" * 2).encode(), "'sub-1': named twice"),
        ((HEAD + "s\tA\t" + "x" * 200_000 + "\n").encode(), "line 2: field larger than"),
    ],
)
def test_what_cannot_be_read_is_refused_by_line(
    content: bytes, expected: str, tmp_path: Path
) -> None:
    (tmp_path / "participants.tsv").write_bytes(content)
    with pytest.raises(DataError, match=expected) as caught:
        read_participants(tmp_path)
    assert caught.value.code == "bad_participants"
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("second", ["sub-1_ses-2\tA\tval\n", "sub-1_ses-2\tA\ttest\n"])
def test_a_subject_in_two_splits_is_refused(second: str, tmp_path: Path) -> None:
    text = HEAD + "sub-1_ses-1\tA\ttrain\n" + second
    (tmp_path / "participants.tsv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="subject 'sub-1' is in train") as caught:
        read_participants(tmp_path)
    assert caught.value.code == "split_leak"


def test_who_is_left_out_leaks_nothing(tmp_path: Path) -> None:
    text = HEAD + "sub-1_ses-1\tA\ttrain\nsub-1_ses-2\tA\tn/a\n"
    (tmp_path / "participants.tsv").write_text(text, encoding="utf-8")
    assert len(read_participants(tmp_path)) == 2
