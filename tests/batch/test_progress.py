import io
import time

import pytest
from rich.console import Console

from callosal.pipelines.batch.progress import Tally, display
from callosal.pipelines.outputs.results import failed_row


def _row(status: str, transverse: str | None = None) -> dict[str, object]:
    return {**failed_row("case-1", "dicom", status, ""), "transverse": transverse}


def test_counts_tell_plans_from_faults_and_refusals() -> None:
    tally = Tally(6)
    assert tally.words() == "0 done, 0 failed, 0 refused of 6"
    for row in (_row("ok", "T"), _row("low_confidence", "T"), _row("low_confidence"),
                _row("no_callosum"), _row("failed")):  # fmt: skip
        tally.add(row)
    assert tally.words().startswith("2 done, 1 failed, 2 refused of 6, ")
    assert tally.left == 1


def test_the_time_left_follows_the_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    tally = Tally(10)
    assert tally.seconds_left() is None
    for _ in range(4):
        tally.add(_row("ok", "T"))
    now = 180.0
    assert tally.seconds_left() == 120.0
    assert tally.words().endswith("of 10, 2 min left")


def test_what_was_assumed_is_told_with_the_case() -> None:
    console = Console(file=io.StringIO(), width=200)
    row = {**_row("low_confidence", "T"), "reasons": "tilt_and_turn_assumed;low_contrast"}
    with display(console, Tally(1)) as shown:
        shown.finished(row, "T1")
    assert isinstance(console.file, io.StringIO)
    told = console.file.getvalue()
    assert "low_confidence (tilt and turn assumed, not measured; low contrast)" in told


def test_the_first_cause_comes_before_the_codes() -> None:
    console = Console(file=io.StringIO(), width=200)
    row = {**_row("low_confidence", "T"), "reasons": "weak_evidence;low_contrast"}
    with display(console, Tally(2)) as shown:
        shown.finished(row, "T1", "Not certain: slices of 6 mm are too thick.")
        shown.finished(_row("no_callosum"), "T2", "No plan: no callosum was found.")
    assert isinstance(console.file, io.StringIO)
    told = console.file.getvalue()
    assert "low_confidence: Not certain: slices of 6 mm are too thick (weak evidence; low" in told
    assert "case-1 no_callosum: No plan: no callosum was found\n" in told


@pytest.mark.parametrize("is_terminal", [True, False])
def test_names_are_printing_on_a_terminal_alone(is_terminal: bool) -> None:
    console = Console(file=io.StringIO(), force_terminal=is_terminal, width=120)
    with display(console, Tally(1)) as shown:
        shown.finished(_row("ok", "T"), "[Miller]/T1")
    assert isinstance(console.file, io.StringIO)
    told = console.file.getvalue()
    assert ("[Miller]/T1" in told) == is_terminal
    assert "1 done, 0 failed, 0 refused of 1" in told
    assert "case-1 ok" in told
