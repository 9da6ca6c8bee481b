"""Scripts under benchmarks/ answer a split that is not there in one line."""

import runpy
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.mark.parametrize(
    ("script", "option"),
    [("accuracy/pixel_size", "--split"), ("accuracy/robustness", "--split"),
     ("accuracy/refusal", "--split"), ("accuracy/partial_callosa", "--split"),
     ("release/release_finding", "--check")],
)  # fmt: skip
def test_a_split_that_is_not_there_is_no_traceback(
    script: str, option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (tmp_path / "participants.tsv").write_text(
        "participant_id\tsite\tsplit\nsub-1\tA\ttrain\n", encoding="utf-8"
    )
    path = BENCHMARKS / f"{script}.py"
    monkeypatch.setattr(sys, "argv", [path.name, str(tmp_path), option, "vla"])
    monkeypatch.syspath_prepend(str(path.parent))
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(path), run_name="__main__")
    assert ended.value.code == 3
    expected = f"{path.name}: empty_split: participants.tsv: no subject has split 'vla'"
    assert expected in capsys.readouterr().err
