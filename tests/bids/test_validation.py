"""The validator's answer: errors stop the run, and its absence is said."""

import stat
import sys
from pathlib import Path

import pytest

from callosal.models.errors import InputError
from callosal.pipelines.bids import validation

DENO = '{"issues": {"issues": [{"severity": "warning", "code": "W"}%s]}}'
ERROR = ', {"severity": "error", "code": "NOT_INCLUDED", "location": "/x"}'
NODE = '{"issues": {"errors": [{"key": "E1", "files": [{"file": {"relativePath": "/y"}}]}]}}'


def made_validator(folder: Path, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    script = folder / "bids-validator"
    script.write_text(f"#!{sys.executable}\nprint({answer!r})\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(validation, "VALIDATORS", {str(script): ("--json",)})


@pytest.mark.parametrize(
    ("answer", "told"), [(DENO % ERROR, "NOT_INCLUDED at /x"), (NODE, "E1 at /y")]
)
def test_errors_are_refused(
    answer: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_validator(tmp_path, monkeypatch, answer)
    with pytest.raises(InputError, match=told) as raised:
        validation.validate(tmp_path)
    assert raised.value.code == "invalid_bids"


def test_warnings_pass_and_no_answer_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_validator(tmp_path, monkeypatch, DENO % "")
    assert validation.validate(tmp_path) == "valid by bids-validator"
    made_validator(tmp_path, monkeypatch, "broken")
    assert "gave no answer" in validation.validate(tmp_path)
    monkeypatch.setattr(validation, "VALIDATORS", {"no-such-validator": ()})
    assert "bids-validator-deno" in validation.validate(tmp_path)
