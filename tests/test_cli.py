import resource
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from callosal.pipelines.cli import COMMANDS, main
from callosal.pipelines.console.help_pages import WIDTH, written_help


def test_the_overview_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"  {name} " in text for name in COMMANDS)
    assert "Not a medical device" in text


def test_the_overview_starts_nearly_as_fast_as_python() -> None:
    # By modules, not by time: each of these takes as long as a third of Python's own start.
    script = (
        "import sys; before = set(sys.modules); sys.argv = ['callosal', '--help']\n"
        "from callosal.pipelines.cli import run\n"
        "try: run()\n"
        "finally: print('new:', sorted(set(sys.modules) - before))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    new = done.stdout.rpartition("new:")[2]
    assert "callosal.pipelines.cli" in new
    assert not [
        name for name in ("importlib.metadata", "ctypes", "difflib", "numpy") if name in new
    ]


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"fit", "validate", "test"}))
def test_every_command_explains_itself(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    assert main([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"callosal {name}" in text
    assert len(text.splitlines()) > 5
    # By words: how lines break differs between versions of Python.
    assert text.split() == written_help(name).split(), (
        "the help has changed: python -m callosal.pipelines.console.help_pages"
    )


def test_a_narrow_terminal_gets_help_of_its_width(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert main(["models", "--help"]) == 0
    narrow = capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    wide = written_help("models")
    assert narrow.split() == wide.split()
    assert len(narrow.splitlines()) > len(wide.splitlines())


def test_help_of_a_command_needs_no_parser() -> None:
    # By modules, not by time: each of these takes longer than Python's own start.
    script = (
        "import sys; sys.argv = ['callosal', 'infer', '--help']\n"
        "from callosal.pipelines.cli import run\n"
        "try: run()\n"
        "finally: print('loaded:', sorted(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    text, _, loaded = done.stdout.rpartition("loaded:")
    assert "--output" in text
    assert "callosal.pipelines.cli" in loaded
    assert not [name for name in ("jsonargparse", "yaml", "numpy") if f"'{name}'" in loaded]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["ifner"], "did you mean 'infer'?"),
        (["infer", "a"], "missing: --output"),
        (["infer", "a", "--out", "b"], "did you mean --output?"),
        (["infer", "a", "--output", "b", "--settings.lin", "endpoints"], "--settings.line?"),
        (["infer"], "inputs"),
        (["infer", "a", "--outptu", "b"], "did you mean --output?"),
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
    assert "'.[train]'" in error
    assert "none-any.whl[train]" in error
    assert len(error.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("line: endpoints", "did you mean settings.line?"),
        ("settings: {lin: endpoints}", "did you mean settings.line?"),
        ("outptu: here", "did you mean output?"),
    ],
)
def test_a_wrong_option_in_a_yaml_is_told_with_its_file(
    text: str, expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text(text, encoding="utf-8")
    assert main(["infer", "a", "--output", "b", "--config", str(config)]) == 3
    error = capsys.readouterr().err
    assert error.startswith("callosal infer: mine.yaml: ")
    assert expected in error


def test_a_config_that_is_not_there_is_told_with_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "quickstart.yaml").write_text("{}", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["infer", "a", "--output", "b", "--config", "quikstart.yaml"]) == 3
    first, second, _ = capsys.readouterr().err.splitlines()
    assert first == "callosal infer: --config: there is no file quikstart.yaml"
    assert second == "did you mean configs/quickstart.yaml?"


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"fit", "validate", "test"}))
def test_help_names_types_as_people_do_and_says_things_once(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main([name, "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "<class" not in text
    function = getattr(import_module(f"callosal.pipelines.commands.{name.replace('-', '_')}"),
                       name.replace("-", "_"))  # fmt: skip
    first = " ".join((function.__doc__ or "").split("\n\n")[0].split())
    assert text.count(first) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="asks glibc for its heaps")
def test_threads_of_the_command_share_two_heaps():
    code = """
import ctypes, threading
from callosal.pipelines.cli import settle_process
settle_process()
kept, ready = [], threading.Barrier(8)
def take():
    ready.wait()
    kept.append(bytearray(100_000))
    ready.wait()
threads = [threading.Thread(target=take) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
ctypes.CDLL(None).malloc_stats()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    if "Arena" not in done.stderr:
        pytest.skip("this C library tells nothing of its heaps")
    assert done.stderr.count("Arena") <= 2


def test_warnings_that_quote_names_stay_off_the_console() -> None:
    """Also after another thread has restored the filters that it found."""
    script = """
import threading, warnings
from callosal.pipelines.cli import settle_process
settle_process()
from highdicom.valuerep import check_person_name
entered, leave = threading.Event(), threading.Event()
def reads():
    with warnings.catch_warnings():
        entered.set(); leave.wait()
reader = threading.Thread(target=reads); reader.start(); entered.wait()
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    leave.set(); reader.join()
    check_person_name("Secret")
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "Secret" not in done.stderr
