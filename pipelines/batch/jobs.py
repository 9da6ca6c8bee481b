"""Jobs: cases with a name and with all that their result depends on."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callosal.pipelines.outputs.case_folder import (
    Fingerprint,
    RunFingerprint,
    finished_row,
    read_done,
)
from callosal.pipelines.outputs.file_names import CASES
from callosal.pipelines.reading.cases import Case


@dataclass(frozen=True)
class Job:
    """One case with its name and what its result depends on."""

    case: Case
    name: str
    fingerprint: Fingerprint


@dataclass(frozen=True)
class Part:
    """One of several shares of the cases, counted from 0."""

    index: int = 0
    count: int = 1

    def holds(self, key: str) -> bool:
        """Whether something is of this part.

        It follows from the key alone, so machines that share nothing but the input agree.
        """
        return int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) % self.count == self.index


def make_jobs(
    cases: Iterable[Case], names: Mapping[str, str], fingerprint: RunFingerprint, part: Part
) -> list[Job]:
    """The cases of one part with what their results depend on.

    Args:
        cases: All cases.
        names: Name of each by its secret identity.
        fingerprint: Model, settings and version of the run.
        part: Which part.
    """
    return [
        Job(
            case,
            names[case.uid_key],
            fingerprint.of_case(case.fingerprint),
        )
        for case in cases
        if part.holds(case.uid_key)
    ]


def split_finished(jobs: Sequence[Job], output: Path) -> tuple[list[Job], list[dict[str, Any]]]:
    """Jobs still to do, and the rows of those that are done."""
    rows = {job.name: finished_row(output / CASES / job.name, job.fingerprint) for job in jobs}
    to_do = [job for job in jobs if rows[job.name] is None]
    return to_do, [row for row in rows.values() if row is not None]


def other_rows(
    output: Path, fingerprint: RunFingerprint, jobs: Sequence[Job]
) -> Iterator[dict[str, Any]]:
    """Rows of finished cases that are not among the jobs of this run.

    They came from other inputs; only those of the same model, settings and version count,
    because one table must not mix them. A case that this run calls by another name counts once.

    Args:
        output: The run's folder.
        fingerprint: That of the run.
        jobs: Cases of this run.
    """
    names = {job.name for job in jobs}
    inputs = {job.fingerprint.input for job in jobs}
    for folder in sorted((output / CASES).glob("*")):
        done = None if folder.name in names else read_done(folder)
        if (
            done is not None
            and done.fingerprint.of_run == fingerprint
            and done.fingerprint.input not in inputs
        ):
            yield done.row
