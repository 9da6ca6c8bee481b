"""The help of each command as a text that lies ready: to show it, no parser has to be made.

A parser, with all that it imports, takes four times as long as the text. The texts in `help/` are
what the parsers say; a test compares them. After a change of a command write them again; a new
command begins with an empty file:

    python -m callosal.pipelines.console.help_pages
"""

import os
import shutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Final

WIDTH: Final = 80
"""Columns of the texts, as of a terminal."""

_FOLDER: Final = Path(__file__).parent / "help"


def help_page(command: str) -> str | None:
    """The help of a command; None in a narrow terminal, for which its parser breaks lines."""
    if shutil.get_terminal_size((WIDTH, 0)).columns < WIDTH:
        return None
    return (_FOLDER / f"{command}.txt").read_text(encoding="utf-8")


def written_help(command: str) -> str:
    """The help of a command as its parser writes it."""
    from callosal.pipelines.console.command_line import command_parser

    return command_parser(command, command_function(command)).format_help()


def command_function(command: str) -> Callable[..., int]:
    """The function of a command."""
    name = command.replace("-", "_")
    function: Callable[..., int] = getattr(
        import_module(f"callosal.pipelines.commands.{name}"), name
    )
    return function


def main() -> None:
    """Write all texts again."""
    os.environ["COLUMNS"] = str(WIDTH)
    for path in _FOLDER.glob("*.txt"):
        path.write_text(written_help(path.stem), encoding="utf-8")


if __name__ == "__main__":
    main()
