"""Sends what waits in the outbox to one archive: again and again, in order, nothing lost."""

import hashlib
import random
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from callosal.models.errors import InputError
from callosal.pipelines.archive.faults import Refused, Unreachable
from callosal.pipelines.archive.outgoing import (
    Outgoing,
    OutgoingObject,
    case_version,
    read_outgoing,
)
from callosal.pipelines.outputs.case_id import is_case_name
from callosal.pipelines.outputs.file_names import CASES
from callosal.pipelines.outputs.outbox import Outbox, Waiting

Tell = Callable[[str], None]


class Link(Protocol):
    """A connection to an archive."""

    @property
    def is_open(self) -> bool:
        """Whether more can be sent."""
        ...

    def send(self, outgoing: OutgoingObject) -> None:
        """Send an object, or raise Refused or Unreachable."""
        ...

    def lost(self, objects: Sequence[OutgoingObject]) -> frozenset[str] | None:
        """UIDs of objects that were taken and are not kept; None if the archive does not say."""
        ...


class Archive(Protocol):
    """A place to send to; its text is its name."""

    def connect(self) -> AbstractContextManager[Link]:
        """Connect, or raise Unreachable."""
        ...


@dataclass(frozen=True)
class Patience:
    """How long is waited between two tries.

    Attributes:
        first_s: After the first failure; doubled with each more.
        longest_s: At most this long.
        tries: After this many refusals of an object its case is given up. A dead archive is
            tried forever.
    """

    first_s: float = 2.0
    longest_s: float = 300.0
    tries: int = 24

    def wait_s(self, failures: int) -> float:
        """How long to wait after so many failures in a row, spread by a fifth."""
        spread = random.uniform(0.8, 1.2)
        return spread * min(self.longest_s, self.first_s * 2.0 ** min(failures - 1, 30))


@dataclass
class _Trouble:
    """Failures in a row, and when the next try is due."""

    failures: int = 0
    due_at: float = 0.0


@dataclass(eq=False)
class Sender:
    """One archive and its queue.

    Attributes:
        output: Folder of the run.
        outbox: Its queue for this archive.
        archive: Where to send.
        tell: Called with lines for the console; they hold case ids and codes.
        patience: Waits between tries.
        clock: Seconds that only grow.
    """

    output: Path
    outbox: Outbox
    archive: Archive
    tell: Tell
    patience: Patience = Patience()
    clock: Callable[[], float] = time.monotonic
    _away: _Trouble = field(default_factory=_Trouble)
    _refused: dict[int, _Trouble] = field(default_factory=dict)

    def find_work(self) -> None:
        """Put each case that was finished or reviewed since the last time into the queue."""
        known = self.outbox.versions()
        new = []
        for folder in (self.output / CASES).glob("*/"):
            version = case_version(folder) if is_case_name(folder.name) else None
            if version is not None and known.get(folder.name) != version:
                new.append((int(version.partition(".")[0]), folder.name, version))
        for _, name, version in sorted(new):
            self.outbox.put(name, version)

    @property
    def counts(self) -> dict[str, int]:
        """Number of cases by state."""
        return self.outbox.counts()

    def send_due(self, is_stopped: Callable[[], bool]) -> float:
        """Send all that is due.

        Args:
            is_stopped: Asked before each case.

        Returns:
            Seconds until something is due; infinite if nothing waits.

        Raises:
            OutputError: The outbox cannot be written.
        """
        if self._away.due_at > self.clock():
            return self._away.due_at - self.clock()
        due_at = self._due_at()
        now = self.clock()
        due = [case for case, time_s in due_at.items() if time_s <= now]
        hindered = {case.study for case, time_s in due_at.items() if time_s > now} - {""}
        if due and not is_stopped():
            try:
                self._send_all(due, hindered, is_stopped)
            except Unreachable as error:
                self._note_away(str(error))
        return self._next_due_s()

    def _due_at(self) -> dict[Waiting, float]:
        """When each case that waits is due, in their order; none before another of its study."""
        due_at: dict[Waiting, float] = {}
        of_study: dict[str, float] = {}
        for case in self.outbox.waiting():
            own = self._refused.get(case.place, _Trouble()).due_at
            due_at[case] = max(own, of_study.get(case.study, 0.0))
            if case.study:
                of_study[case.study] = due_at[case]
        return due_at

    def _send_all(
        self, due: list[Waiting], hindered: set[str], is_stopped: Callable[[], bool]
    ) -> None:
        """Send cases over one connection, or over a new one where it breaks."""
        queue = iter(due)
        case = next(queue, None)
        while case is not None and not is_stopped():
            with self.archive.connect() as link:
                while case is not None and link.is_open and not is_stopped():
                    self._send_case(case, link, hindered)
                    case = next(queue, None)

    def _send_case(self, case: Waiting, link: Link, hindered: set[str]) -> None:
        """Send what is not there yet, unless an earlier case of its study must go first."""
        outgoing = self._read(case)
        if outgoing is None:
            return
        study = hashlib.sha256(outgoing.objects[0].study_uid.encode()).hexdigest()[:16]
        self.outbox.note_study(case, study)
        if study in hindered:
            return
        try:
            n_sent = self._send_objects(outgoing, link)
            is_kept = self._is_kept(outgoing, link)
        except Refused as error:
            hindered.add(study)
            self._note_refused(case, outgoing, str(error))
            return
        self._away.failures = 0
        self._refused.pop(case.place, None)
        self.outbox.settle(case, "sent")
        self.outbox.drop_refused(case.case_id)
        if n_sent:
            promise = ", which promises to keep them" if is_kept else ""
            self.tell(f"{case.case_id}: {n_sent} objects sent to {self.archive}{promise}")

    def _read(self, case: Waiting) -> Outgoing | None:
        """The objects of a case; None if there are none to send, which is noted."""
        try:
            outgoing = read_outgoing(self.output / CASES / case.case_id)
        except InputError as error:
            self._give_up(case, Outgoing(()), error.code)
            return None
        except OSError as error:
            self._note_refused(case, Outgoing(()), f"cannot be read ({error.strerror})")
            return None
        if outgoing is not None and not outgoing.held:
            return outgoing
        # One that is being written is put again when that is done: its version changes.
        self.outbox.settle(case, "held", "being_written" if outgoing is None else outgoing.held)
        self.outbox.drop_refused(case.case_id)
        return None

    def _send_objects(self, outgoing: Outgoing, link: Link) -> int:
        n_sent = 0
        for item in outgoing.objects:
            if not self.outbox.is_sent(item.sop_instance_uid):
                link.send(item)
                self.outbox.note_sent(item.sop_instance_uid)
                n_sent += 1
        return n_sent

    def _is_kept(self, outgoing: Outgoing, link: Link) -> bool:
        """Whether the archive promises to keep a case; what it lost is to be sent again."""
        lost = link.lost(outgoing.objects)
        for uid in lost or ():
            self.outbox.note_lost(uid)
        if lost:
            raise Refused(f"{len(lost)} of {len(outgoing.objects)} objects were taken and are not "
                          "kept (storage commitment)")  # fmt: skip
        return lost is not None

    def _note_refused(self, case: Waiting, outgoing: Outgoing, reason: str) -> None:
        self.outbox.note_refusal(case, reason)
        tries = case.attempts + 1
        if tries >= self.patience.tries:
            self._give_up(case, outgoing, reason)
            return
        wait_s = self.patience.wait_s(tries)
        self._refused[case.place] = _Trouble(tries, self.clock() + wait_s)
        self.tell(f"{case.case_id}: not taken by {self.archive}: {reason}; try {tries} of "
                  f"{self.patience.tries}, the next in {wait_s:.0f} s")  # fmt: skip

    def _give_up(self, case: Waiting, outgoing: Outgoing, reason: str) -> None:
        files = {item.name: item.content for item in outgoing.objects
                 if not self.outbox.is_sent(item.sop_instance_uid)}  # fmt: skip
        self.outbox.keep_refused(case.case_id, files, reason)
        self.outbox.settle(case, "refused", reason)
        self._refused.pop(case.place, None)
        self.tell(f"{case.case_id}: given up for {self.archive}: {reason}; its objects are in "
                  "outbox/refused, and `callosal send` tries them again")  # fmt: skip

    def _note_away(self, reason: str) -> None:
        away = self._away
        away.failures += 1
        wait_s = self.patience.wait_s(away.failures)
        away.due_at = self.clock() + wait_s
        n_waiting = len(self.outbox.waiting())
        self.tell(f"{self.archive}: {reason}; {n_waiting} cases wait, the next try in "
                  f"{wait_s:.0f} s")  # fmt: skip

    def _next_due_s(self) -> float:
        due_at = min(self._due_at().values(), default=float("inf"))
        return max(0.0, max(due_at, self._away.due_at) - self.clock())
