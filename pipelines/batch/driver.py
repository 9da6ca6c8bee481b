"""Runs all cases of an output folder: resumes, isolates faults, reads ahead, loses nothing."""

import hashlib
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

from highdicom import Volume
from rich.console import Console
from rich.progress import Progress, TaskID

from callosal.models.errors import CallosalError
from callosal.pipelines.batch.case_folder import Fingerprint, finished_row, write_case
from callosal.pipelines.batch.case_id import case_id
from callosal.pipelines.batch.discretion import told
from callosal.pipelines.batch.results import append_row, failed_row, plan_row
from callosal.pipelines.process import Outcome, failed_outcome
from callosal.pipelines.reading.cases import Case

Process = Callable[[Case, Volume], Outcome]


@dataclass(frozen=True)
class Job:
    """One case with its name and what its result depends on."""

    case: Case
    name: str
    fingerprint: Fingerprint


def make_jobs(
    cases: Sequence[Case], salt: str, fingerprint: Fingerprint, part_id: int, num_parts: int
) -> list[Job]:
    """Name the cases and keep those of one part.

    The part follows from the case alone, so machines that share nothing but the list agree.

    Args:
        cases: All cases.
        salt: Salt of the output folder.
        fingerprint: Model, settings and version of the run; the input is filled in here.
        part_id: Which part, from 0.
        num_parts: Number of parts.
    """
    return [
        Job(case, case_id(case.uid_key, salt), replace(fingerprint, input=case.fingerprint))
        for case in cases
        if _part(case.uid_key, num_parts) == part_id
    ]


def _part(uid_key: str, num_parts: int) -> int:
    return int(hashlib.sha256(uid_key.encode()).hexdigest()[:8], 16) % num_parts


def run_jobs(
    jobs: Sequence[Job], output: Path, process: Process, workers: int, console: Console
) -> Iterator[dict[str, Any]]:
    """Process the jobs in order and yield their rows as they are finished and written.

    A faulty case becomes a `failed` row and the run goes on. Cases are read ahead by `workers`
    threads, at most one more than there are workers, so memory stays bounded.

    Args:
        jobs: What to do.
        output: The run's folder.
        process: From a volume to an outcome.
        workers: Threads that read.
        console: Where progress goes.
    """
    with (
        ThreadPoolExecutor(workers) as readers,
        _stopping() as stop,
        Progress(console=console, transient=True) as progress,
    ):
        bar = progress.add_task("planning", total=len(jobs))
        pending: list[tuple[Job, Future[Volume]]] = []
        queue = iter(jobs)
        while True:
            while len(pending) <= workers and (job := next(queue, None)) is not None:
                pending.append((job, readers.submit(job.case.load)))
            if not pending or stop.asked:
                for _, future in pending:
                    future.cancel()
                break
            job, future = pending.pop(0)
            row = _run_job(job, future, output, process, console)
            _advance(progress, bar, row)
            yield row
    if stop.asked:
        console.print("stopped; run the same command again to go on with the rest")
        raise KeyboardInterrupt


def _run_job(
    job: Job, volume: Future[Volume], output: Path, process: Process, console: Console
) -> dict[str, Any]:
    start = time.perf_counter()
    try:
        outcome = process(job.case, volume.result())
    except CallosalError as error:
        line = told(console, f"{job.name} failed: {error.code}", str(error))
        console.print(line, markup=False, soft_wrap=True)
        outcome = failed_outcome(job.case.source, error.code)
    except Exception as error:
        # A fault of ours must not end the batch; without done.json the case is tried again.
        where = _where(error)
        console.print(
            f"{job.name} failed: internal_error: {type(error).__name__} in {where}; "
            "please report it",
            markup=False,
            soft_wrap=True,
        )
        row = failed_row(job.name, job.case.kind, "failed", "internal_error")
        append_row(output, row)
        return row
    row = plan_row(job.name, outcome.document, time.perf_counter() - start)
    write_case(output / "cases" / job.name, outcome, row, job.fingerprint)
    append_row(output, row)
    # Only a terminal tells which case is which series.
    line = told(console, f"{job.name} {row['status']}", job.case.label)
    console.print(line, markup=False, highlight=False, soft_wrap=True)
    return row


def split_finished(jobs: Sequence[Job], output: Path) -> tuple[list[Job], list[dict[str, Any]]]:
    """Jobs still to do, and the rows of those that are done."""
    rows = {job.name: finished_row(output / "cases" / job.name, job.fingerprint) for job in jobs}
    to_do = [job for job in jobs if rows[job.name] is None]
    return to_do, [row for row in rows.values() if row is not None]


def settings_sha256(settings: dict[str, Any]) -> str:
    """Hash of the settings a result depends on."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


class _Stop:
    """Whether the user or the system asked to stop."""

    asked = False


@contextmanager
def _stopping() -> Iterator[_Stop]:
    """Let the running case finish on Ctrl-C or SIGTERM; a second Ctrl-C ends at once."""
    stop = _Stop()
    previous: dict[signal.Signals, Any] = {}

    def ask(number: int, frame: FrameType | None) -> None:
        stop.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print("finishing the running case", file=sys.stderr)

    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            previous[number] = signal.signal(number, ask)
    except ValueError:
        # Not in the main thread: whoever runs us there handles signals.
        pass
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _where(error: Exception) -> str:
    """Function and line where an error rose; no path, for paths hold names."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "unknown"
    code = trace.tb_frame.f_code
    return f"{Path(code.co_filename).name}:{trace.tb_lineno} ({code.co_name})"


def _advance(progress: Progress, bar: TaskID, row: dict[str, Any]) -> None:
    progress.update(bar, advance=1, description=f"{row['case_id']} {row['status']}")
