"""Every `callosal` line of README, docs and configs is understood by the command that it names."""

import functools
import re
import shlex
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest

from callosal.pipelines.cli import COMMANDS, TRAINING
from callosal.pipelines.console.command_line import call_function

ROOT = Path(__file__).resolve().parents[2]
TYPED = re.compile(r"^(?:\$ |# )? *callosal ((?:.*\\\n)*.*)$", re.MULTILINE)
SHOWN = re.compile(r"\.\.\.|[|<\[$]| --help")
"""What marks a line as a pattern, a list of options or one for a shell, not one to be parsed."""


def typed_lines() -> Iterator[tuple[str, str]]:
    pages = [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("configs/**/*.yaml")]
    for page in sorted(pages):
        text = re.sub(r"\\\n#? *", "", page.read_text(encoding="utf-8"))
        for found in TYPED.finditer(re.sub(r"(?m)^ {4,}(?=callosal )", "", text)):
            line = found[1].partition("  #")[0].rstrip(" &")
            command = line.split(" ")[0]
            if command in COMMANDS and command not in TRAINING and not SHOWN.search(line):
                yield page.name, line


def only_parsed(command: str) -> Callable[..., int]:
    """The command's function in everything but its work."""
    name = command.replace("-", "_")
    function = getattr(import_module(f"callosal.pipelines.commands.{name}"), name)

    @functools.wraps(function)
    def parsed(**_: object) -> int:
        return 0

    return parsed


@pytest.mark.parametrize(("page", "line"), sorted(set(typed_lines())))
def test_a_line_is_understood(
    page: str, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)  # configs are named as in a clone
    command, *words = shlex.split(line)
    try:
        assert call_function(command, only_parsed(command), words) == 0
    except SystemExit as refused:
        pytest.fail(f"{page}: callosal {line}\n{capsys.readouterr().err or refused}")
