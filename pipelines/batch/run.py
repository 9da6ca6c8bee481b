"""A whole run: list the cases, plan on each, write tables and record."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from itertools import pairwise

from rich.console import Console

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import resolve_model
from callosal.models.errors import EngineError, OutputError
from callosal.pipelines.batch.atomic import sweep_temporaries
from callosal.pipelines.batch.case_folder import CASES, Fingerprint
from callosal.pipelines.batch.case_id import output_salt
from callosal.pipelines.batch.discretion import told
from callosal.pipelines.batch.driver import Runner, run_jobs
from callosal.pipelines.batch.jobs import settings_sha256
from callosal.pipelines.batch.local_engine import LocalEngine
from callosal.pipelines.batch.request import Request
from callosal.pipelines.batch.results import Row, is_planned, write_tables
from callosal.pipelines.batch.run_lock import run_lock
from callosal.pipelines.batch.run_record import run_record, write_run_record
from callosal.pipelines.batch.work import Work, plan_work
from callosal.pipelines.hospital.standard_tables import load_standard_tables
from callosal.pipelines.process_case import process_case
from callosal.pipelines.reading.cases import CaseIndex, find_cases
from callosal.pipelines.report.page import REPORT, write_report

Ending = OutputError | EngineError | KeyboardInterrupt | None
"""Why a run ended before its work was done."""


def run_batch(request: Request) -> int:
    """Plan on every case among the inputs; see `callosal infer`.

    Returns:
        Exit code: 0 all done, 1 nothing could be done, 2 some cases failed or were refused.

    Raises:
        CallosalError: Nothing can be run at all: no input, no model, no device, no output.
        KeyboardInterrupt: It was stopped; what is finished is written.
    """
    console = Console(stderr=True)
    clock = [time.perf_counter()]
    engine = request.engine
    with ThreadPoolExecutor(1) as beside:
        opening = beside.submit(
            open_segmenter, resolve_model(engine.model), engine.device, engine.threads
        )
        index = find_cases(request.inputs)
        clock.append(time.perf_counter())
        segmenter = opening.result()
    clock.append(time.perf_counter())
    with run_lock(request.output):
        return _run_held(request, index, segmenter, clock, console)


def _run_held(
    request: Request,
    index: CaseIndex,
    segmenter: Segmenter,
    clock: list[float],
    console: Console,
) -> int:
    """The run, once its folder is held."""
    output = request.output
    for folder in (output, *(output / CASES).glob("case-*")):
        sweep_temporaries(folder)
    config_sha256 = settings_sha256(request.config)
    fingerprint = Fingerprint("", segmenter.sha256, config_sha256, version("callosal"))
    work = plan_work(index, output, fingerprint, request.part, request.overwrite, console)
    # Whatever happens later, the tables tell what is here.
    write_tables(output, [*work.kept, *work.aside])
    stages_s: dict[str, float] = {}
    with _runner(request, segmenter, config_sha256) as runner:
        rows, ending = _work_through(work, request, runner, console, stages_s)
    table = [*rows, *work.aside]
    try:
        timings_s = dict(zip(("list", "open_model", "cases"), _laps(clock), strict=True))
        timings_s |= {f"cases.{name}": seconds for name, seconds in stages_s.items()}
        write_tables(output, table)
        salt = output_salt(output)
        write_run_record(
            output, run_record(request, segmenter, config_sha256, salt, table, timings_s)
        )
        write_report(output)
    except OutputError as error:
        ending = ending or error
    return _end(work, rows, ending, request, console)


@contextmanager
def _runner(request: Request, segmenter: Segmenter, config_sha256: str) -> Iterator[Runner]:
    """What works on the cases: this process, or a cluster for as long as it is needed."""
    engine, settings = request.engine, request.settings
    if engine.ray is None:
        with ThreadPoolExecutor(1) as beside:
            if settings.dicom_objects:
                beside.submit(load_standard_tables)
            yield LocalEngine(
                lambda case, volume: process_case(case, volume, segmenter, settings, config_sha256),
                engine.workers,
            )
        return
    # Only who asks for a cluster needs the package.
    from callosal.pipelines.batch.ray_engine import RayEngine, connected
    from callosal.pipelines.batch.ray_worker import WorkerPlan

    threads = engine.threads or max(1, int(engine.ray.cpus))
    plan = WorkerPlan(
        engine.model, segmenter.sha256, engine.device, threads, settings, config_sha256
    )
    with connected(engine.ray):
        yield RayEngine(engine.ray, plan)


def _work_through(
    work: Work,
    request: Request,
    runner: Runner,
    console: Console,
    stages_s: dict[str, float],
) -> tuple[list[Row], Ending]:
    """Rows of all cases that are finished, and what cut the run short."""
    rows = list(work.kept)
    try:
        for row in run_jobs(work.to_do, request.output, runner, console, stages_s):
            rows.append(row)
    except (OutputError, EngineError, KeyboardInterrupt) as ending:
        return rows, ending
    return rows, None


def _laps(clock: list[float]) -> list[float]:
    times = [*clock, time.perf_counter()]
    return [after - before for before, after in pairwise(times)]


def _end(
    work: Work, rows: Sequence[Row], ending: Ending, request: Request, console: Console
) -> int:
    """Tell what the run came to, and its exit code."""
    n_left = len(work.jobs) - len(rows)
    if ending is None:
        _report(work, rows, request, console)
        return _exit_code(work, rows)
    again = "run the same command again to go on"
    if isinstance(ending, KeyboardInterrupt):
        console.print(f"stopped with {n_left} of {len(work.jobs)} cases to do; {again}")
        raise ending
    cut = f"callosal infer: {ending.code}: {ending}; {n_left} of {len(work.jobs)} cases are not"
    console.print(f"{cut} written; then {again}", markup=False, soft_wrap=True)
    return 2 if any(map(is_planned, rows)) else 1


def _report(work: Work, rows: Sequence[Row], request: Request, console: Console) -> None:
    counts = Counter(str(row["status"]) for row in (*rows, *work.aside))
    numbers = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    finished = f", {len(work.kept)} of them finished before" if work.kept else ""
    where = f"results in {request.output}, to look at: {request.output / REPORT}"
    line = told(console, f"{numbers or 'no case'}{finished}", where)
    console.print(line, markup=False, soft_wrap=True)


def _exit_code(work: Work, rows: Sequence[Row]) -> int:
    planned = sum(map(is_planned, rows))
    if not planned and (work.jobs or work.n_faults):
        return 1
    return 2 if work.n_faults or planned < len(work.jobs) else 0
