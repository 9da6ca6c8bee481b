"""Contestants run turn and turn about, so that a busy machine slows all of them alike."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from callosal.export.devices import installed_version


@dataclass(frozen=True, eq=False)
class Contestant:
    """Something whose time is taken.

    Attributes:
        name: What it is called in the table.
        run: Does the work once and returns its seconds.
        peak_mb: Peak memory of its process in MB after the runs, where it has one of its own.
    """

    name: str
    run: Callable[[], float]
    peak_mb: Callable[[], float | None] = lambda: None


@dataclass(frozen=True)
class Result:
    """What a contestant reached.

    Attributes:
        name: The contestant.
        median_s: Median of its runs.
        fastest_s: Fastest of its runs.
        ratio: Median over that of the first contestant.
        peak_mb: Peak memory in MB, None where it was not taken.
    """

    name: str
    median_s: float
    fastest_s: float
    ratio: float
    peak_mb: float | None


@dataclass(frozen=True)
class Contest:
    """One question, its answers, and the peers that could not take part.

    Attributes:
        title: The question.
        results: The first is callosal's own.
        absent: Name of a peer to what it lacks.
        limit_s: The least time on this machine; None where it was not computed.
    """

    title: str
    results: tuple[Result, ...]
    absent: dict[str, str]
    limit_s: float | None = None

    def as_json(self) -> dict[str, Any]:
        """All values by name."""
        return asdict(self)


def hold(
    title: str,
    contestants: Sequence[Contestant],
    rounds: int,
    absent: dict[str, str],
    limit_s: float | None = None,
) -> Contest:
    """Run all contestants in turn, after one round that does not count.

    Args:
        title: The question.
        contestants: The first is the one that the others are compared with.
        rounds: How often each runs.
        absent: Peers that cannot run here, and why.
        limit_s: The least time on this machine, where it is known.
    """
    contestants[0].run()
    able, failed = _warmed_up(contestants[1:])
    contestants = [contestants[0], *able]
    seconds: dict[str, list[float]] = {each.name: [] for each in contestants}
    for _ in range(rounds):
        for each in contestants:
            seconds[each.name].append(each.run())
    base = median(seconds[contestants[0].name])
    results = [
        Result(
            each.name,
            median(seconds[each.name]),
            min(seconds[each.name]),
            median(seconds[each.name]) / base,
            each.peak_mb(),
        )
        for each in contestants
    ]
    return Contest(title, tuple(results), {**absent, **failed}, limit_s)


def _warmed_up(peers: Sequence[Contestant]) -> tuple[list[Contestant], dict[str, str]]:
    """The peers that get through one round, and why the others do not."""
    able, failed = [], {}
    for peer in peers:
        try:
            peer.run()
        except Exception as error:  # what a peer raises is its own affair and ends no contest
            failed[peer.name] = f"fails on this input: {type(error).__name__}"
        else:
            able.append(peer)
    return able, failed


def timed(work: Callable[[], object]) -> Callable[[], float]:
    """A run that times a piece of work of this process."""

    def run() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return run


def missing(package: str) -> str | None:
    """Why a peer cannot run: its package is not installed; None where it is."""
    return None if installed_version(package) else f"{package} is not installed"
