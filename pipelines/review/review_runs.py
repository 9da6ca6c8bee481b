"""The runs that one review shows: a single one, or those of all participants of a dataset."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from callosal.models.errors import InputError
from callosal.pipelines.outputs.run_folders import run_folders
from callosal.pipelines.review.review_session import ReviewSession


@dataclass(frozen=True, eq=False)
class ReviewRuns:
    """Runs under review, whose cases have names of their own.

    Attributes:
        sessions: The review of each run, one or more.
    """

    sessions: tuple[ReviewSession, ...]

    @classmethod
    def of(cls, folder: Path, mapping: Path | None = None) -> "ReviewRuns":
        """The runs of a folder.

        Args:
            folder: Folder of a run, or of what `callosal bids` wrote.
            mapping: File that `callosal infer --mapping` wrote, for a single run.

        Raises:
            InputError: There is no run or no case; the mapping cannot be read or belongs to
                another run; or two runs have a case of the same name (`same_names`).
        """
        folders = run_folders(folder)
        if len(folders) == 1:
            return cls((ReviewSession.of(folders[0], mapping),))
        if mapping is not None:
            raise InputError(
                f"{folder.name}: holds the runs of {len(folders)} participants, but a mapping "
                "belongs to one run; leave out --mapping",
                "wrong_usage",
            )
        sessions = tuple(_with_cases(folders))
        if not sessions:
            raise InputError(
                f"{folder.name}: none of its {len(folders)} runs has a case to review; their "
                "report.html say why",
                "no_cases",
            )
        found = cls(sessions)
        if len(found._by_name) < len(found.names):
            raise InputError(
                f"{folder.name}: two of its runs have cases of the same name; review each folder "
                "in runs separately",
                "same_names",
            )
        return found

    @property
    def only(self) -> ReviewSession | None:
        """The one run; None if there are several, which have no report in common."""
        return self.sessions[0] if len(self.sessions) == 1 else None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all cases."""
        return tuple(name for session in self.sessions for name in session.names)

    def of_case(self, name: str) -> ReviewSession:
        """The run of a case.

        Raises:
            InputError: There is no such case (`no_such_case`).
        """
        if name not in self._by_name:
            raise InputError("there is no such case in this review", "no_such_case")
        return self._by_name[name]

    def overview(self) -> list[dict[str, Any]]:
        """One entry a case, for the list."""
        return [entry for session in self.sessions for entry in session.overview()]

    def wait(self) -> None:
        """Return when the reports of all runs show all decisions so far."""
        for session in self.sessions:
            session.report.wait()

    @cached_property
    def _by_name(self) -> dict[str, ReviewSession]:
        return {name: session for session in self.sessions for name in session.names}


def _with_cases(folders: tuple[Path, ...]) -> Iterator[ReviewSession]:
    for folder in folders:
        try:
            yield ReviewSession.of(folder)
        except InputError as error:
            # A participant of whom no image could be planned; its report says why.
            if error.code != "no_cases":
                raise
