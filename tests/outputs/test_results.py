import csv
import json
from pathlib import Path

import pytest

from callosal.models.errors import InputError
from callosal.pipelines.outputs.results import (
    COLUMNS,
    append_row,
    failed_row,
    read_rows,
    write_tables,
)


def test_tables_hold_the_same_rows_sorted(tmp_path: Path) -> None:
    rows = [failed_row(f"case-{name}", "dicom", "failed", "decode_failed") for name in "ba"]
    append_row(tmp_path, rows[0])
    assert json.loads((tmp_path / "results.jsonl").read_text()) == rows[0]
    write_tables(tmp_path, rows)
    with (tmp_path / "results.csv").open() as stream:
        table = list(csv.DictReader(stream))
    assert list(table[0]) == list(COLUMNS)
    assert [row["case_id"] for row in table] == ["case-a", "case-b"]
    lines = (tmp_path / "results.jsonl").read_text().splitlines()
    assert [json.loads(line)["case_id"] for line in lines] == ["case-a", "case-b"]
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".tmp"] == []


def test_text_that_a_spreadsheet_would_run_is_quoted(tmp_path: Path) -> None:
    write_tables(tmp_path, [failed_row("case-a", "=1+1", "failed", "x")])
    assert "'=1+1" in (tmp_path / "results.csv").read_text()


def test_what_was_not_measured_is_null_and_not_zero() -> None:
    assert failed_row("case-a", "dicom", "failed", "x")["final_angle_deg"] is None


def test_a_column_that_an_older_version_did_not_write_is_none(tmp_path: Path) -> None:
    row = failed_row("case-a", "dicom", "failed", "x")
    append_row(tmp_path, {name: row[name] for name in COLUMNS[:-1]})
    (found,) = read_rows(tmp_path)
    assert list(found) == list(COLUMNS)
    assert found[COLUMNS[-1]] is None


def test_a_row_without_a_status_is_not_that_of_a_run(tmp_path: Path) -> None:
    append_row(tmp_path, {"case_id": "case-a"})
    with pytest.raises(InputError, match="not that of a finished run"):
        read_rows(tmp_path)
