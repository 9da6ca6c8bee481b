"""What a run has to do, and what its folder holds already."""

from dataclasses import dataclass

from rich.console import Console

from callosal.pipelines.batch.case_names import case_names
from callosal.pipelines.batch.jobs import Job, make_jobs, split_finished
from callosal.pipelines.batch.session import Session
from callosal.pipelines.console.private_line import private_line
from callosal.pipelines.outputs.results import Row, failed_row
from callosal.pipelines.reading.cases import CaseIndex
from callosal.pipelines.reading.skips import Skip


@dataclass(frozen=True)
class SkippedInput:
    """What is no case, with its name."""

    skip: Skip
    name: str

    @property
    def row(self) -> Row:
        """Its row in the tables."""
        kind = str(self.skip.source.get("kind", "files"))
        return failed_row(self.name, kind, "skipped", self.skip.code)


@dataclass(frozen=True)
class Work:
    """What a run has to do and what is there already.

    Attributes:
        jobs: All cases of this run.
        to_do: Those that are not finished.
        kept: Rows of those that are.
        asides: What is no case.
        n_cases: Cases of all parts.
    """

    jobs: list[Job]
    to_do: list[Job]
    kept: list[Row]
    asides: list[SkippedInput]
    n_cases: int

    @property
    def skipped(self) -> list[Row]:
        """Rows of what is no case."""
        return [aside.row for aside in self.asides]

    @property
    def n_faults(self) -> int:
        """How much of what is no case is broken or refused."""
        return sum(aside.skip.is_fault for aside in self.asides)


def plan_work(index: CaseIndex, session: Session) -> Work:
    """Share out the cases of one part, and set aside what is finished.

    Args:
        index: What the inputs hold.
        session: The run; what is broken is told on its console.
    """
    request, part = session.request, session.request.part
    names = case_names(index, session.salt, request.names)
    jobs = make_jobs(index.cases, names, session.fingerprint, part)
    to_do, kept = (jobs, []) if request.overwrite else split_finished(jobs, request.output)
    skips = [skip for skip in index.skipped if part.holds(skip.key)]
    asides = [SkippedInput(skip, names[skip.key]) for skip in skips]
    for aside in asides:
        _tell(aside, session.console)
    return Work(jobs, to_do, list(kept), asides, len(index.cases))


def _tell(aside: SkippedInput, console: Console) -> None:
    """Say on the console what is broken or refused."""
    skip = aside.skip
    if skip.is_fault:
        plain = f"{aside.name} skipped: {skip.code}"
        line = private_line(console, plain, f"{skip.label}: {skip.message}")
        console.print(line, markup=False, soft_wrap=True)
