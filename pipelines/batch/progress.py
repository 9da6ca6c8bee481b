"""How far a run is: counts and time left, as a bar on a terminal and in each line elsewhere."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from callosal.pipelines.console.duration import duration
from callosal.pipelines.console.private_line import private_line
from callosal.pipelines.outputs.results import is_planned
from callosal.pipelines.pictures.reason_words import short_reason

_OUTCOMES = ("done", "failed", "refused")


class Tally:
    """Counts of a run, and when it will be over.

    Attributes:
        total: Cases to do.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self._counts: Counter[str] = Counter()
        self._start = time.monotonic()

    def add(self, row: Mapping[str, Any]) -> None:
        """Count the row of one case."""
        outcome = "failed" if row["status"] == "failed" else "refused"
        self._counts["done" if is_planned(row) else outcome] += 1

    @property
    def finished(self) -> int:
        """Cases that have a row."""
        return self._counts.total()

    @property
    def left(self) -> int:
        """Cases still to do."""
        return self.total - self.finished

    def seconds_left(self) -> float | None:
        """Time until the end at the pace so far; None before the first case."""
        if not self.finished:
            return None
        return (time.monotonic() - self._start) / self.finished * self.left

    def words(self) -> str:
        """Such as "3 done, 1 failed, 0 refused of 60, 2 min left"."""
        counts = ", ".join(f"{self._counts[name]} {name}" for name in _OUTCOMES)
        seconds = self.seconds_left()
        left = "" if seconds is None or not self.left else f", {duration(seconds)} left"
        return f"{counts} of {self.total}{left}"


class Display:
    """Tells each case as it is finished."""

    def __init__(self, console: Console, tally: Tally, progress: Progress) -> None:
        self._console = console
        self._tally = tally
        self._progress = progress
        self._bar = progress.add_task(tally.words(), total=tally.total)

    def finished(self, row: Mapping[str, Any], name: str, cause: str = "") -> None:
        """Count a case and tell it.

        Args:
            row: Its row.
            name: What it is called among the inputs: for a person at a terminal.
            cause: Why it is not `ok`, in one sentence.
        """
        self._tally.add(row)
        self._progress.update(self._bar, advance=1, description=self._tally.words())
        where = "" if self._console.is_terminal else f"[{self._tally.words()}] "
        doubts = "; ".join(short_reason(code) for code in str(row["reasons"]).split(";") if code)
        said = f"{row['status']}: {cause.removesuffix('.')}" if cause else str(row["status"])
        said = f"{said} ({doubts})" if doubts and is_planned(row) else said
        self.say(f"{where}{row['case_id']} {said}", name)

    def say(self, plain: str, named: str = "") -> None:
        """Print one line, taken as it is.

        Args:
            plain: What holds no name.
            named: What may, for a person at a terminal.
        """
        line = private_line(self._console, plain, named) if named else plain
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def display(console: Console, tally: Tally) -> Iterator[Display]:
    """A bar that lives as long as the run; on a terminal only."""
    progress = Progress(
        BarColumn(),
        TextColumn("{task.description}", markup=False),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with progress:
        yield Display(console, tally, progress)
