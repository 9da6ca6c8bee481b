"""What `fetch` needs of an archive, whatever it speaks."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from pydicom.dataset import Dataset

from callosal.pipelines.archive.study_query import StudyQuery


@dataclass(frozen=True)
class ArchivedSeries:
    """A series of an archive.

    Attributes:
        study_uid: Its study.
        uid: Itself.
        modality: Such as MR.
    """

    study_uid: str
    uid: str
    modality: str


Keep = Callable[[str, bytes], None]
"""Takes the SOP Instance UID and the file of one image."""


class SourceLink(Protocol):
    """An open connection."""

    def studies(self, query: StudyQuery) -> list[str]:
        """UIDs of the studies that match."""

    def series(self, study_uid: str) -> list[ArchivedSeries]:
        """All series of a study."""

    def headers(self, series: ArchivedSeries) -> list[Dataset]:
        """The header of each image, as far as the archive answers it."""

    def retrieve(self, series: ArchivedSeries, images: Sequence[str], keep: Keep) -> None:
        """Hand over images as they are stored, one at a time.

        Args:
            series: Their series.
            images: SOP Instance UIDs of those that are wanted.
            keep: Called with each that came.
        """


class Source(Protocol):
    """An archive to fetch from."""

    def connect(self) -> AbstractContextManager[SourceLink]:
        """A connection for as long as it is needed.

        Raises:
            Unreachable: There is none.
        """
