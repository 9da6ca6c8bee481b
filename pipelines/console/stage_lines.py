"""Lines on stderr that say what a command is doing, so that no minute passes in silence."""

import logging
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import track

from callosal.pipelines.console.duration import duration

Item = TypeVar("Item")

SECONDS_BETWEEN = 30.0


def say(line: str) -> None:
    """Print a line on stderr at once."""
    print(line, file=sys.stderr, flush=True)


def counted(
    items: Sequence[Item], stage: str, seconds_between: float = SECONDS_BETWEEN
) -> Iterator[Item]:
    """The items one after the other: with a bar on a terminal, with lines elsewhere.

    Args:
        items: What is worked through.
        stage: What is done with them, such as "scoring slices".
        seconds_between: Time from one line to the next, where there is no terminal.
    """
    console = Console(stderr=True)
    if console.is_terminal:
        yield from track(items, stage, console=console, transient=True)
        return
    say(f"{stage}: {len(items)}")
    start = told = time.monotonic()
    for done, item in enumerate(items):
        now = time.monotonic()
        if done and now - told >= seconds_between:
            told = now
            left = duration((now - start) / done * (len(items) - done))
            say(f"{stage}: {done} of {len(items)}, {left} left")
        yield item


class StageLines(logging.Handler):
    """Prints what a package logs of its stages, each as one line.

    Args:
        package: Its logger, as "callosal.export".
    """

    def __init__(self, package: str) -> None:
        super().__init__(logging.INFO)
        self._logger = logging.getLogger(package)

    def emit(self, record: logging.LogRecord) -> None:
        """Print one stage."""
        say(record.getMessage())

    def __enter__(self) -> "StageLines":
        self._level = self._logger.level
        self._logger.setLevel(logging.INFO)
        self._logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)
        self._logger.setLevel(self._level)
