"""Command lines: bare flags, empty paths, and mistakes in words that say what to type."""

from pathlib import Path

import pytest

from callosal.pipelines.cli import main
from callosal.pipelines.console.command_line import call_function

TOLD: list[tuple[bool, Path]] = []


def probe(output: Path, overwrite: bool = False, inputs: list[Path] | None = None) -> int:
    """Note what arrives.

    Args:
        output: Folder.
        overwrite: Whether to do it again.
        inputs: Files.

    Returns:
        0.
    """
    TOLD.append((overwrite, output))
    return 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], False),
        (["--overwrite"], True),
        (["--overwrite", "true"], True),
        (["--overwrite=true"], True),
        (["--overwrite", "yes"], True),
        (["--overwrite", "off"], False),
        (["--overwrite=False"], False),
        (["--no-overwrite"], False),
    ],
)
def test_a_flag_needs_no_value_and_takes_one(words: list[str], expected: bool) -> None:
    for around in ([*words, "--output", "o", "IN"], ["IN", "--output", "o", *words]):
        assert call_function("probe", probe, around) == 0
        assert TOLD.pop() == (expected, Path("o"))


def test_the_help_shows_flags_bare(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["infer", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--overwrite" in shown
    assert "--overwrite {true,false}" not in shown
    assert "--device {auto" in shown


@pytest.mark.parametrize("words", [["--output", ""], ["--output="], ["IN", "", "--output", "o"]])
def test_an_empty_path_is_not_the_current_folder(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["infer", "IN", *words]) == 3
    told = capsys.readouterr().err
    assert "empty path" in told
    assert "did you mean" not in told
    assert list(tmp_path.iterdir()) == []


def test_an_empty_path_in_a_config_is_refused_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.yaml").write_text("output: ''\n", encoding="utf-8")
    assert main(["infer", str(tmp_path), "--config", str(tmp_path / "run.yaml")]) == 3
    assert "empty path" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ["--device", "gpu"],
            ["device: 'gpu' is none of auto, coreml, cpu, cuda", "did you mean cuda?"],
        ),
        (["--device", "cdua"], ["'cdua' is none of", "did you mean cuda?"]),
        (["--settings.line", "genu"], ["settings.line: 'genu' is none of subcallosal, endpoints"]),
        (["--settings.dicom_objects", "seg"], ["'seg' is no list; write '[seg]'"]),
        (["--reslice", "perhaps", "--workers", "x"], ["workers"]),
        (["--workers", "0"], ["workers"]),
    ],
)
def test_wrong_values_are_answered_in_words(
    words: list[str], expected: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["infer", "IN", "--output", "o", *words]) == 3
    told = capsys.readouterr().err
    assert [part for part in expected if part not in told] == []
    assert "typing" not in told
    assert "<class" not in told
    assert "--ray" not in told
    assert len(told.strip().splitlines()) <= 3


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"output: [a\nmodel: b\n", "run.yaml, line 2, column 6"),
        (b"output: 'a\n", "run.yaml, line"),
        ("output: Z\u00fcrich\n".encode("latin-1"), "run.yaml: is no text in UTF-8"),
        (b"- output\n", "run.yaml: holds no options"),
        (b"", "run.yaml: holds no options"),
    ],
)
@pytest.mark.parametrize("command", ["infer", "fit"])
def test_a_broken_config_is_named_with_its_line(
    command: str, content: bytes, expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.yaml").write_bytes(content)
    words = ["IN"] if command == "infer" else []
    assert main([command, *words, "--config", str(tmp_path / "run.yaml")]) == 3
    told = capsys.readouterr().err
    assert expected in told
    assert len(told.strip().splitlines()) <= 3


def test_parts_that_are_named_twice_are_no_lock(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    part = str(tmp_path / "p0")
    assert main(["merge", part, f"{part}/.", "--output", str(tmp_path / "all")]) == 3
    assert "p0: is named twice" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["export", "--checkpoint", "none.ckpt", "--output", "x.onnx"],
        ["generate", "--count", "1", "--output", "o", "--model", "nope"],
        ["evaluate", "--data", ".", "--output", "o", "--pose-seed", "-1"],
        ["fit", "--config", "attention_unet", "--ckpt_path", "none.ckpt"],
        ["validate", "--config", "attention_unet"],
    ],
)
def test_what_was_typed_wrongly_ends_with_3(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "some").write_bytes(b"x")
    assert main(words) == 3
    assert len(capsys.readouterr().err.strip().splitlines()) <= 3


def test_bench_says_that_the_runtime_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    assert main(["bench", "--parts", "[startup]", "--rounds", "1"]) == 1
    assert "onnxruntime is not installed" in capsys.readouterr().err
