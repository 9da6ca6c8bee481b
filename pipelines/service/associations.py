"""Associations from connection to end: their sender and their objects."""

import threading
from collections.abc import Hashable
from dataclasses import dataclass, field

from callosal.pipelines.dicom.tree import printable
from callosal.pipelines.service.admission import Admission
from callosal.pipelines.service.intake import Intake, Throttle
from callosal.pipelines.service.limits import Limits
from callosal.pipelines.service.spool import Inbox, Spool

CONNECTIONS = 4
"""Connections per association; those that have not identified themselves yet count too."""

_HOSTS = 1000
"""Hosts whose recent amount of data is remembered."""


@dataclass(eq=False)
class Association:
    """One association.

    Attributes:
        host: Address of the sender.
        intake: Its bytes on their way in.
        inbox: Its objects until it ends.
        is_released: Whether the sender ended it as it should.
        n_too_big: Objects that were thrown away as they came.
        n_stored: Objects that were acknowledged.
        n_refused: Objects that were not.
        reported: Failure statuses whose reason was reported, each once.
    """

    host: str
    intake: Intake
    inbox: Inbox
    is_released: bool = False
    n_too_big: int = 0
    n_stored: int = 0
    n_refused: int = 0
    reported: set[int] = field(default_factory=set)

    def sender(self, title: str) -> str:
        """The sender for the console: its AE title and address."""
        return f"{printable(title)!r} at {self.host}"


class Associations:
    """All associations that last.

    Args:
        spool: Where objects go.
        admission: Who may send.
        limits: How much.
    """

    def __init__(self, spool: Spool, admission: Admission, limits: Limits) -> None:
        self._spool = spool
        self._admission = admission
        self._limits = limits
        self._open: dict[Hashable, Association] = {}
        self._throttles: dict[str, Throttle] = {}
        self._lock = threading.Lock()

    def begin(self, association: Hashable, host: str) -> Association:
        """Register a connection; one that is not allowed gets a refusal."""
        with self._lock:
            intake = Intake(self._limits, self._throttle(host))
            visit = Association(host, intake, self._spool.open_inbox())
            self._open[association] = visit
            n_open = len(self._open)
        if not self._admission.lets_in(host):
            intake.refusal = "its host is not in --allow-host"
        elif n_open > CONNECTIONS * self._limits.associations:
            intake.refusal = "too many connections"
        return visit

    def of(self, association: Hashable) -> Association | None:
        """The visit of an association; None once it has ended."""
        return self._open.get(association)

    def end(self, association: Hashable) -> Association | None:
        """Forget an association; None if that was done before."""
        with self._lock:
            return self._open.pop(association, None)

    @property
    def associations(self) -> list[Hashable]:
        """Those that last."""
        with self._lock:
            return list(self._open)

    def _throttle(self, host: str) -> Throttle:
        """The throttle of a host; it outlives its associations, so a new one does not reset it."""
        if len(self._throttles) > _HOSTS:
            self._throttles.clear()
        return self._throttles.setdefault(host, Throttle(self._limits.mb_per_s * 1e6))
