"""Scripts under benchmarks/ answer a split that is not there in one line."""

import runpy
import sys
from pathlib import Path

import pytest

ACCURACY = Path(__file__).resolve().parents[2] / "benchmarks" / "accuracy"


@pytest.mark.parametrize("script", ["pixel_size", "robustness", "refusal"])
def test_a_split_that_is_not_there_is_no_traceback(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (tmp_path / "participants.tsv").write_text(
        "participant_id\tsite\tsplit\nsub-1\tA\ttrain\n", encoding="utf-8"
    )
    monkeypatch.setattr(sys, "argv", [f"{script}.py", str(tmp_path), "--split", "vla"])
    monkeypatch.syspath_prepend(str(ACCURACY))
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ACCURACY / f"{script}.py"), run_name="__main__")
    assert ended.value.code == 3
    expected = f"{script}.py: empty_split: participants.tsv: no subject has split 'vla'"
    assert expected in capsys.readouterr().err
