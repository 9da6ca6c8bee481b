"""participants.tsv as people write it: rows twice, ids missing, another encoding."""

from pathlib import Path

import pytest

from callosal.models.errors import InputError
from callosal.pipelines.group.participants import read_participants


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    (folder / "participants.tsv").write_bytes(text.encode(encoding))
    return folder


def test_rows_twice_and_rows_without_a_participant_are_told(tmp_path: Path) -> None:
    rows = [
        "participant_id\tage\tsex", "sub-01\t30\tF", "sub-02\t40\tM", "sub-01\t31\tF",
        "n/a\t50\tF", "sub-02\t40\tM", "\t\t", "sub-03\t20\tF",
    ]  # fmt: skip
    found = read_participants(written(tmp_path, "\n".join(rows)))
    assert found.faults == (
        "participants.tsv has no participant_id in row 4, which is not used",
        "participants.tsv lists sub-01 2 times, with different values of age; none of them is used",
        "participants.tsv lists sub-02 2 times, with equal values",
    )
    assert list(found.traits) == ["sub-01", "sub-02", "sub-03"]
    assert found.traits["sub-01"] == {"participant_id": "sub-01", "age": None, "sex": "F"}
    assert found.traits["sub-02"]["age"] == "40"


def test_a_table_with_commas_has_no_column_of_participants(tmp_path: Path) -> None:
    found = read_participants(written(tmp_path, "participant_id,age\nsub-01,30\n"))
    assert found.traits == {}
    assert "no column 'participant_id'" in found.faults[0]
    assert "'participant_id,age'" in found.faults[0]


@pytest.mark.parametrize(("encoding", "line"), [("latin-1", 3), ("utf-16", 1)])
def test_another_encoding_is_refused_in_words(tmp_path: Path, encoding: str, line: int) -> None:
    rows = "participant_id\tsite\nsub-01\tBonn\nsub-02\tK\u00f6ln\n"
    folder = written(tmp_path, rows, encoding)
    with pytest.raises(InputError, match=f"participants.tsv: line {line} is not UTF-8") as raised:
        read_participants(folder)
    assert raised.value.code == "bad_table"


def test_a_dataset_without_the_table_has_no_faults(tmp_path: Path) -> None:
    assert read_participants(tmp_path).faults == ()
    assert read_participants(written(tmp_path, "participant_id\tage\n")).traits == {}
