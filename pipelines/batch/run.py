"""A whole run: list the cases, plan on each, write tables and record."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from rich.console import Console

from callosal.models.errors import EngineError, OutputError
from callosal.pipelines.batch.case_names import shown_names
from callosal.pipelines.batch.driver import run_jobs
from callosal.pipelines.batch.jobs import other_rows
from callosal.pipelines.batch.mapping import check_mapping, mapped, write_mapping
from callosal.pipelines.batch.request import Request
from callosal.pipelines.batch.run_record import run_record
from callosal.pipelines.batch.session import Session, open_model, open_session
from callosal.pipelines.batch.work import Work, plan_work
from callosal.pipelines.console.private_line import private_line
from callosal.pipelines.dicom.tree import printable
from callosal.pipelines.freesurfer.comparison import compare_segmentations, summary
from callosal.pipelines.outputs.case_id import Names
from callosal.pipelines.outputs.exit_code import exit_code
from callosal.pipelines.outputs.file_names import REPORT
from callosal.pipelines.outputs.measures_table import write_measures
from callosal.pipelines.outputs.results import Row, is_planned, write_tables
from callosal.pipelines.outputs.run_json import write_run_record
from callosal.pipelines.outputs.segmentation_table import write_segmentations
from callosal.pipelines.reading.best_series import chosen
from callosal.pipelines.reading.cases import CaseIndex, find_cases
from callosal.pipelines.report.page import write_report

_ON_NAMES: Mapping[Names, str] = {
    "files": "cases are called by the paths of their files in folders, tables and report; "
    "--names hash leaves them out",
    "series": "warning: --names series writes number and description of each series into folders, "
    "tables and report; a description is free text and can name a person",
}

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
    check_mapping(request.mapping, request.output)
    clock = [time.perf_counter()]
    with ThreadPoolExecutor(1) as beside:
        opening = beside.submit(open_model, request.engine)
        index = find_cases(request.inputs, request.fuse, request.patterns)
        index = chosen(index, request.best_of)
        request = replace(request, names=shown_names(index, request.names))
        clock.append(time.perf_counter())
        segmenter = opening.result()
    with open_session(request, segmenter, Console(stderr=True)) as session:
        clock.append(time.perf_counter())
        if request.names in _ON_NAMES:
            session.console.print(_ON_NAMES[request.names], markup=False, soft_wrap=True)
        return run_index(session, index, clock)


def run_index(session: Session, index: CaseIndex, clock: Sequence[float]) -> int:
    """Plan on the cases of an index, in a folder that is held; returns the exit code.

    Args:
        session: The open run.
        index: What the inputs hold.
        clock: When the run began, when its inputs were listed, and when the model was open.

    Raises:
        KeyboardInterrupt: It was stopped; what is finished is written.
    """
    output = session.request.output
    work = plan_work(index, session)
    aside = [*work.skipped, *other_rows(output, session.fingerprint, work.jobs)]
    # Whatever happens later, the tables tell what is here.
    write_tables(output, [*work.kept, *aside])
    write_mapping(session.request.mapping, mapped(work))
    rows, stages_s, ending = _work_through(work, session)
    table = [*rows, *aside]
    try:
        timings_s = dict(zip(("list", "open_model", "cases"), _laps(clock), strict=True))
        timings_s |= {f"cases.{name}": seconds for name, seconds in stages_s.items()}
        write_tables(output, table)
        write_measures(output, table)
        write_run_record(output, run_record(session, table, timings_s))
        write_report(output)
        _compare_segmentations(work, session)
    except OutputError as error:
        ending = ending or error
    return _end(work, rows, aside, ending, session)


def _work_through(work: Work, session: Session) -> tuple[list[Row], Counter[str], Ending]:
    """Rows of all finished cases, seconds of each stage, and what cut the run short."""
    rows, stages_s = list(work.kept), Counter[str]()
    output, console = session.request.output, session.console
    try:
        for finished in run_jobs(work.to_do, output, session.runner, console):
            rows.append(finished.row)
            stages_s.update(finished.stages_s)
    except (OutputError, EngineError, KeyboardInterrupt) as ending:
        return rows, stages_s, ending
    return rows, stages_s, None


def _compare_segmentations(work: Work, session: Session) -> None:
    """Compare with segmentations beside the images, where that is asked for."""
    name, output = session.request.segmentation, session.request.output
    if name is None:
        return
    contents = {job.name: job.case.content for job in work.jobs}
    images = {case: path for case, path in contents.items() if isinstance(path, Path)}
    rows = compare_segmentations(images, name, output)
    write_segmentations(output, rows)
    session.console.print(summary(rows), markup=False, soft_wrap=True)


def _laps(clock: Sequence[float]) -> list[float]:
    times = [*clock, time.perf_counter()]
    return [after - before for before, after in pairwise(times)]


def _end(
    work: Work, rows: Sequence[Row], aside: Sequence[Row], ending: Ending, session: Session
) -> int:
    """Tell what the run came to, and its exit code."""
    n_left = len(work.jobs) - len(rows)
    n_planned = sum(map(is_planned, rows))
    if ending is None:
        _report(len(work.kept), [*rows, *aside], session)
        # A part of a shared run may be empty: cases are shared out by chance.
        return exit_code(n_planned, len(work.jobs), work.n_faults, not work.n_cases)
    again = "run the same command again to go on"
    console = session.console
    if isinstance(ending, KeyboardInterrupt):
        console.print(f"stopped with {n_left} of {len(work.jobs)} cases to do; {again}")
        raise ending
    cut = f"callosal {session.request.command}: {ending.code}: {ending}"
    left = f"{n_left} of {len(work.jobs)} cases are not written"
    console.print(f"{cut}; {left}; then {again}", markup=False, soft_wrap=True)
    return exit_code(n_planned, len(work.jobs), work.n_faults + 1)


def _report(n_kept: int, table: Sequence[Row], session: Session) -> None:
    counts = Counter(str(row["status"]) for row in table)
    numbers = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    finished = f", {n_kept} of them finished before" if n_kept else ""
    output = session.request.output
    line = private_line(
        session.console,
        f"{numbers or 'no case'}{finished}; to look at: {REPORT} in the output folder",
        printable(f"{output / REPORT}"),
    )
    session.console.print(line, markup=False, soft_wrap=True)
