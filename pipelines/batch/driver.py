"""Runs all cases of an output folder: isolates faults, tries again once, loses nothing."""

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console

from callosal.pipelines.batch.case_work import CaseResult, Fault
from callosal.pipelines.batch.jobs import Job
from callosal.pipelines.batch.progress import Display, Tally, display
from callosal.pipelines.batch.stopping import Stop, stopping
from callosal.pipelines.case.process import failed_document
from callosal.pipelines.outputs.case_files import CaseFiles
from callosal.pipelines.outputs.case_folder import write_case, write_outputs
from callosal.pipelines.outputs.file_names import CASES
from callosal.pipelines.outputs.results import append_row, plan_row
from callosal.pipelines.pictures.first_cause import document_cause
from callosal.pipelines.planning.plan_file import Plan

Results = Generator[tuple[Job, CaseResult]]


@dataclass(frozen=True)
class Finished:
    """A case that is done and written.

    Attributes:
        row: Its row in the tables.
        stages_s: Seconds of each stage of its work.
    """

    row: dict[str, Any]
    stages_s: Mapping[str, float]


class Runner(Protocol):
    """What works on cases: this process, or many on many machines."""

    def run(self, jobs: Sequence[Job], stop: Stop) -> Results:
        """Work on each job once, in any order; begin none once `stop` is asked.

        Results come as they are ready and are pulled one at a time, which holds the work back
        to the pace of the writer.
        """
        ...


def run_jobs(
    jobs: Sequence[Job], output: Path, runner: Runner, console: Console
) -> Iterator[Finished]:
    """Work on the jobs and yield each as it is finished and written.

    A faulty case becomes a `failed` row and the run goes on. Faults that may pass are tried
    once more after all others.

    Args:
        jobs: What to do.
        output: The run's folder.
        runner: What works on them.
        console: Where progress goes.

    Raises:
        KeyboardInterrupt: It was stopped before all were done.
        OutputError: A result could not be written.
    """
    with stopping() as stop:
        yield from run_jobs_until(stop, jobs, output, runner, console)


def run_jobs_until(
    stop: Stop, jobs: Sequence[Job], output: Path, runner: Runner, console: Console
) -> Iterator[Finished]:
    """The same for a caller that listens to signals itself.

    Args:
        stop: Asked before each case; the other arguments are those of run_jobs.
        jobs: What to do.
        output: The run's folder.
        runner: What works on them.
        console: Where progress goes.

    Raises:
        KeyboardInterrupt: It was stopped before all were done.
        OutputError: A result could not be written.
    """
    tally = Tally(len(jobs))
    again: list[Job] = []
    with display(console, tally) as shown:
        with closing(runner.run(jobs, stop)) as results:
            for job, result in results:
                if isinstance(result.answer, Fault) and result.answer.may_pass:
                    _tell_fault(job, result.answer, "will be tried again", shown)
                    again.append(job)
                else:
                    yield _finish(job, result, output, shown)
        if again and not stop.asked:
            with closing(runner.run(again, stop)) as results:
                for job, result in results:
                    yield _finish(job, result, output, shown)
    if stop.asked and tally.left:
        raise KeyboardInterrupt


def _finish(job: Job, result: CaseResult, output: Path, shown: Display) -> Finished:
    """Write the outputs of a case and its row."""
    start = time.perf_counter()
    folder = output / CASES / job.name
    if isinstance(result.answer, Fault):
        answer = CaseFiles(failed_document(job.case.source, result.answer.code))
        _tell_fault(job, result.answer, "failed", shown)
    else:
        answer = result.answer
    row = plan_row(job.name, Plan.from_document(answer.document), result.seconds)
    if isinstance(result.answer, Fault) and result.answer.may_pass:
        # Without done.json the next run tries it again.
        write_outputs(folder, answer)
    else:
        write_case(folder, answer, row, job.fingerprint)
    append_row(output, row)
    in_ms = answer.document["timings_ms"] or {}
    stages_s = {
        "wait_for_voxels": result.waited_s,
        **{name: milliseconds / 1000 for name, milliseconds in in_ms.items()},
        "write": time.perf_counter() - start,
    }
    shown.finished(row, job.case.label, document_cause(answer.document))
    return Finished(row, stages_s)


def _tell_fault(job: Job, fault: Fault, what: str, shown: Display) -> None:
    plain = f"{job.name} {what}: {fault.code}"
    if fault.is_nameless:
        shown.say(f"{plain}: {fault.message}")
    else:
        shown.say(plain, fault.message)
