"""Rows of series as they come, each case once."""

from callosal.pipelines.outputs.results import Row, failed_row
from callosal.pipelines.service.ledger import Ledger


def _row(case_id: str) -> Row:
    return failed_row(case_id, "dicom", "failed", "missing_slices")


def _ids(ledger: Ledger) -> list[str]:
    return sorted(str(row["case_id"]) for row in ledger.rows)


def test_a_series_that_comes_again_replaces_its_rows_and_those_of_before() -> None:
    ledger = Ledger([_row("a"), _row("old")])
    ledger.replace("first", [_row("a"), _row("b")])
    assert _ids(ledger) == ["a", "b", "old"]
    ledger.replace("first", [_row("a")])
    assert _ids(ledger) == ["a", "old"]


def test_a_case_that_came_with_others_and_then_alone_has_one_row() -> None:
    ledger = Ledger([])
    ledger.replace("first", [_row("a"), _row("b")])
    ledger.replace("second", [_row("b")])
    assert _ids(ledger) == ["a", "b"]
    ledger.replace("first", [_row("a")])
    assert _ids(ledger) == ["a", "b"]
