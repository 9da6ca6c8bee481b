"""What a run has to do, and what its folder holds already."""

from dataclasses import dataclass

from rich.console import Console

from callosal.pipelines.batch.case_id import case_id
from callosal.pipelines.batch.discretion import told
from callosal.pipelines.batch.jobs import Job, make_jobs, split_finished
from callosal.pipelines.batch.results import Row, failed_row
from callosal.pipelines.batch.session import Session
from callosal.pipelines.reading.cases import CaseIndex
from callosal.pipelines.reading.skips import Skip


@dataclass(frozen=True)
class Work:
    """What a run has to do and what is there already.

    Attributes:
        jobs: All cases of this run.
        to_do: Those that are not finished.
        kept: Rows of those that are.
        skipped: Rows of what is no case.
        n_faults: How much of what is no case is broken or refused.
    """

    jobs: list[Job]
    to_do: list[Job]
    kept: list[Row]
    skipped: list[Row]
    n_faults: int

    @property
    def names(self) -> frozenset[str]:
        """Cases of this run."""
        return frozenset(job.name for job in self.jobs)


def plan_work(index: CaseIndex, session: Session) -> Work:
    """Share out the cases of one part, and set aside what is finished.

    Args:
        index: What the inputs hold.
        session: The run; what is broken is told on its console.
    """
    request, part = session.request, session.request.part
    jobs = make_jobs(index.cases, session.salt, session.fingerprint, part)
    to_do, kept = (jobs, []) if request.overwrite else split_finished(jobs, request.output)
    skips = [skip for skip in index.skipped if part.holds(_key(skip))]
    return Work(
        jobs,
        to_do,
        list(kept),
        [_skipped_row(skip, session.salt, session.console) for skip in skips],
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
    return failed_row(name, str(skip.source.get("kind", "files")), "skipped", skip.code)
