"""Associations from their connection to their end: who they are, and what came of them."""

import threading
from collections.abc import Hashable
from dataclasses import dataclass, field

from callosal.pipelines.dicom.tree import printable
from callosal.pipelines.service.admission import Admission
from callosal.pipelines.service.intake import Intake, Throttle
from callosal.pipelines.service.limits import Limits
from callosal.pipelines.service.spool import Inbox, Spool

CONNECTIONS = 4
"""Connections for each association: those that have not said yet who they are count too."""

_HOSTS = 1000
"""Hosts of which it is remembered how much they have just sent."""


@dataclass(eq=False)
class Visit:
    """One association.

    Attributes:
        host: Address of the sender.
        intake: Its bytes on their way in.
        inbox: Its objects until it ends.
        n_too_big: Objects that were thrown away as they came.
        n_stored: Objects that were acknowledged.
        n_refused: Objects that were not.
        told: Failure statuses whose reason was told, once each.
    """

    host: str
    intake: Intake
    inbox: Inbox
    n_too_big: int = 0
    n_stored: int = 0
    n_refused: int = 0
    told: set[int] = field(default_factory=set)

    def sender(self, title: str) -> str:
        """Who it is, for the console: what it calls itself, and its address."""
        return f"{printable(title)!r} at {self.host}"


class Visits:
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
        self._open: dict[Hashable, Visit] = {}
        self._throttles: dict[str, Throttle] = {}
        self._lock = threading.Lock()

    def begin(self, association: Hashable, host: str) -> Visit:
        """A connection is made; one that may not be has a refusal."""
        with self._lock:
            intake = Intake(self._limits, self._throttle(host))
            visit = Visit(host, intake, self._spool.open_inbox())
            self._open[association] = visit
            n_open = len(self._open)
        if not self._admission.lets_in(host):
            intake.refusal = "its host is not in --allow-host"
        elif n_open > CONNECTIONS * self._limits.associations:
            intake.refusal = "too many connections"
        return visit

    def of(self, association: Hashable) -> Visit | None:
        """The visit of an association; None once it has ended."""
        return self._open.get(association)

    def end(self, association: Hashable) -> Visit | None:
        """Forget an association; None where that was done before."""
        with self._lock:
            return self._open.pop(association, None)

    @property
    def associations(self) -> list[Hashable]:
        """Those that last."""
        with self._lock:
            return list(self._open)

    def _throttle(self, host: str) -> Throttle:
        """That of a host, which outlives its associations: a new one is no way round it."""
        if len(self._throttles) > _HOSTS:
            self._throttles.clear()
        return self._throttles.setdefault(host, Throttle(self._limits.mb_per_s * 1e6))
