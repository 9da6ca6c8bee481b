import resource
import subprocess
import sys

import pytest

from callosal.pipelines.cli import COMMANDS, main


def test_the_overview_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"  {name} " in text for name in COMMANDS)
    assert "Not a medical device" in text


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"fit", "validate", "test"}))
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"callosal {name}" in text
    assert len(text.splitlines()) > 5


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["ifner"], "did you mean 'infer'?"),
        (["infer"], "inputs"),
        (["infer", "a", "--outptu", "b"], "did you mean 'output'?"),
        (["infer", "a", "--output", "b", "--device", "gpu"], "device"),
        (["infer", "a", "--output", "b", "--workers", "many"], "workers"),
        (["infer", "a", "--output", "b", "--num-parts", "0"], "num"),
    ],
)
def test_wrong_usage_is_told_in_three_lines(
    words: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 3
    error = capsys.readouterr().err
    assert expected in error
    assert len(error.strip().splitlines()) <= 3
    assert "Traceback" not in error


def test_help_of_infer_takes_less_than_a_second() -> None:
    script = "from callosal.pipelines.cli import main; main(['infer', '--help'])"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Processor time: a busy machine must not decide.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1.0


def test_a_missing_extra_is_named_with_its_mend(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "callosal.pipelines.training.cli", raising=False)
    assert main(["fit", "--help"]) == 1
    error = capsys.readouterr().err
    assert "callosal[train]" in error
    assert len(error.strip().splitlines()) == 1
