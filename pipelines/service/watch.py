"""Watches a folder until stopped, or until everything in it is done."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from callosal.models.errors import InputError
from callosal.pipelines.archive.dispatch import Dispatch, dispatching
from callosal.pipelines.archive.sender import Archive
from callosal.pipelines.batch.mapping import check_mapping
from callosal.pipelines.batch.request import Request
from callosal.pipelines.batch.session import open_model, open_session
from callosal.pipelines.batch.stopping import Stop, stopping
from callosal.pipelines.outputs.exit_code import ALL_DONE, exit_code
from callosal.pipelines.outputs.file_names import REPORT
from callosal.pipelines.service.arrivals import Arrival, Arrivals
from callosal.pipelines.service.pace import Pace
from callosal.pipelines.service.series_planner import SeriesPlanner

AT_MOST_FILES = 20_000
"""Files of one round: their headers are held together, 1.8 KB each."""

RETRY_S = 600.0
"""Time after which a series with a temporary fault is tried again."""

LOOK_SHARE = 0.05
"""Share of the time that may go into looking through the folder, however large it grows."""

_NAP_S = 0.1


@dataclass
class _Sight:
    """Whether the folder was there at the last look."""

    is_there: bool = True


def watch_folder(
    request: Request,
    pace: Pace,
    console: Console,
    archives: Sequence[Archive] = (),
    metrics_port: int | None = None,
) -> int:
    """Plan on what arrives in a folder; see `callosal watch`.

    Args:
        request: The folder is its one input.
        pace: How long a series must stay unchanged, how often to look, and whether to end.
        console: Where lines go.
        archives: Where to send the results.
        metrics_port: Port of this machine for metrics, or None.

    Returns:
        Exit code: 0 stopped as asked, or all done; with `pace.once` also 1 and 2 as of `infer`.

    Raises:
        CallosalError: Nothing can be run, or a result could not be written.
    """
    (folder,) = request.inputs
    check_place(folder, request.output)
    check_mapping(request.mapping, request.output)
    arrivals = Arrivals(folder, pace.quiet_seconds)
    arrivals.look()
    with (
        stopping() as stop,
        open_session(request, open_model(request.engine), console) as session,
        dispatching(request.output, archives, printing_on(console)) as dispatch,
    ):
        desk = SeriesPlanner(session, dispatch)
        with serve_metrics(metrics_port, desk, request.output):
            for _ in keep_watch(arrivals, desk, pace, stop, console):
                pass
        n_unsent = end_dispatch(dispatch, desk, stop)
    return ending(desk, stop, pace, console, n_unsent)


def serve_metrics(
    port: int | None, desk: SeriesPlanner, output: Path
) -> AbstractContextManager[object]:
    """Metrics at a port; only a service that has one needs the package."""
    if port is None:
        return nullcontext()
    from callosal.pipelines.service.metrics import metrics_served

    return metrics_served(port, desk, output)


def printing_on(console: Console) -> Callable[[str], None]:
    """Prints lines that hold AE titles, addresses and case ids, and nothing of what was sent."""

    def tell(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    return tell


def end_dispatch(dispatch: Dispatch, desk: SeriesPlanner, stop: Stop) -> int:
    """End the sending, with a last try for all that waits unless stopped; cases that stay."""
    if stop.asked:
        dispatch.stop()
    else:
        dispatch.finish()
    if dispatch.take_news():
        desk.write_tables()
    return dispatch.n_unsent


def check_place(folder: Path, output: Path) -> None:
    """Refuse an output inside the watched folder: results would arrive in it.

    Raises:
        InputError: `output_in_input`.
    """
    if output.resolve().is_relative_to(folder.resolve()):
        raise InputError(
            f"--output {output.name}: lies in the folder that is watched, so results would be "
            "taken for images; name a folder elsewhere",
            "output_in_input",
        )


def keep_watch(
    arrivals: Arrivals, desk: SeriesPlanner, pace: Pace, stop: Stop, console: Console
) -> Iterator[list[Arrival]]:
    """Look, work, wait, until stopped, or with `pace.once` until all is done.

    Yields:
        After each look the series whose results are written and will stay as they are.

    Raises:
        CallosalError: A result could not be written; with `pace.once` the folder is not there.
    """
    sight = _Sight()
    try:
        while not stop.asked:
            looked_s = _look(arrivals, pace, sight, console)
            taken = arrivals.take(AT_MOST_FILES)
            yield _work_on(taken, arrivals, desk, pace, stop)
            if taken:
                continue
            if pace.once and arrivals.is_at_rest:
                return
            desk.write_tables_when_due()
            _rest(max(pace.poll_seconds, looked_s / LOOK_SHARE), stop)
    finally:
        desk.write_tables()


def _work_on(
    taken: list[Arrival], arrivals: Arrivals, desk: SeriesPlanner, pace: Pace, stop: Stop
) -> list[Arrival]:
    """Work on series; those with a temporary fault are tried again later."""
    ended = desk.work_on(taken, stop) if taken else {}
    for key, is_lasting in ended.items():
        if not is_lasting and not pace.once:
            arrivals.again(key, RETRY_S)
    return [arrival for arrival in taken if ended.get(arrival.key)]


def _look(arrivals: Arrivals, pace: Pace, sight: _Sight, console: Console) -> float:
    """Look once and return the time it took; print once when the folder disappears or returns."""
    began = time.monotonic()
    try:
        arrivals.look()
    except InputError as error:
        if pace.once:
            raise
        if sight.is_there:
            console.print(f"{error}; waiting for it", markup=False, soft_wrap=True)
        sight.is_there = False
    else:
        if not sight.is_there:
            console.print("the folder is there again")
        sight.is_there = True
    return time.monotonic() - began


def _rest(seconds: float, stop: Stop) -> None:
    """Wait, but not for a stop."""
    end = time.monotonic() + seconds
    while not stop.asked and time.monotonic() < end:
        time.sleep(min(_NAP_S, seconds))


def ending(desk: SeriesPlanner, stop: Stop, pace: Pace, console: Console, n_unsent: int = 0) -> int:
    """Print the result, and return the exit code."""
    counts = f"{desk.n_done} done, {desk.n_refused} failed or refused"
    counts += f", {n_unsent} not sent yet" if n_unsent else ""
    if stop.asked:
        console.print(f"stopped: {counts}; run the same command again to resume")
        return ALL_DONE
    console.print(f"{counts}; to look at: {REPORT} in the output folder")
    if not pace.once:
        return ALL_DONE
    n_cases = desk.n_done + desk.n_refused
    nothing_usable = desk.n_skipped > 0 and not n_cases
    return exit_code(desk.n_done, n_cases, n_unsent, nothing_usable=nothing_usable)
