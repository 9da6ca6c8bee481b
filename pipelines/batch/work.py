"""What a run has to do, and what its folder holds already."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from callosal.pipelines.batch.case_folder import Fingerprint
from callosal.pipelines.batch.case_id import case_id, output_salt
from callosal.pipelines.batch.discretion import told
from callosal.pipelines.batch.jobs import Job, Part, make_jobs, other_rows, split_finished
from callosal.pipelines.batch.results import Row, failed_row
from callosal.pipelines.reading.cases import CaseIndex
from callosal.pipelines.reading.skips import Skip


@dataclass(frozen=True)
class Work:
    """What a run has to do and what is there already.

    Attributes:
        jobs: All cases of this run.
        to_do: Those that are not finished.
        kept: Rows of those that are.
        aside: Rows of what is no case, and of finished cases of other inputs.
        n_faults: How much of what is no case is broken or refused.
    """

    jobs: list[Job]
    to_do: list[Job]
    kept: list[Row]
    aside: list[Row]
    n_faults: int


def plan_work(
    index: CaseIndex,
    output: Path,
    fingerprint: Fingerprint,
    part: Part,
    overwrite: bool,
    console: Console,
) -> Work:
    """Share out the cases of one part, and set aside what is finished.

    Args:
        index: What the inputs hold.
        output: The run's folder, held by this run.
        fingerprint: Model, settings and version of the run.
        part: Which part of the cases.
        overwrite: Do finished cases again.
        console: Where faults are told.

    Raises:
        OutputError: The salt cannot be written.
    """
    salt = output_salt(output)
    jobs = make_jobs(index.cases, salt, fingerprint, part)
    to_do, kept = (jobs, []) if overwrite else split_finished(jobs, output)
    skips = [skip for skip in index.skipped if part.holds(_key(skip))]
    names = frozenset(job.name for job in jobs)
    return Work(
        jobs,
        to_do,
        list(kept),
        [
            *(_skipped_row(skip, salt, console) for skip in skips),
            *other_rows(output, fingerprint, names),
        ],
        sum(skip.is_fault for skip in skips),
    )


def _key(skip: Skip) -> str:
    """Identity of what is no case."""
    return skip.uid_key or f"{skip.label}:{skip.code}"


def _skipped_row(skip: Skip, salt: str, console: Console) -> Row:
    """Row of what is no case; faults are told on the console at once."""
    name = case_id(_key(skip), salt)
    if skip.is_fault:
        line = told(console, f"{name} skipped: {skip.code}", f"{skip.label}: {skip.message}")
        console.print(line, markup=False, soft_wrap=True)
    kind = str(skip.source.get("kind", "files"))
    return failed_row(name, kind, "skipped", skip.code)
