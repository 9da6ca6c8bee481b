"""Receives series by DICOM and plans on each complete one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from callosal.models.errors import InputError
from callosal.pipelines.archive.commitment import Commitments
from callosal.pipelines.archive.dispatch import dispatching
from callosal.pipelines.archive.sender import Archive
from callosal.pipelines.archive.tls import Tls
from callosal.pipelines.batch.mapping import check_mapping
from callosal.pipelines.batch.request import Request
from callosal.pipelines.batch.session import open_model, open_session
from callosal.pipelines.batch.stopping import stopping
from callosal.pipelines.service.admission import Admission
from callosal.pipelines.service.arrivals import Arrivals
from callosal.pipelines.service.limits import Limits
from callosal.pipelines.service.listener import Listener
from callosal.pipelines.service.pace import Pace
from callosal.pipelines.service.retention import Retention
from callosal.pipelines.service.series_planner import SeriesPlanner
from callosal.pipelines.service.spool import open_spool
from callosal.pipelines.service.watch import (
    end_dispatch,
    ending,
    keep_watch,
    printing_on,
    serve_metrics,
)


@dataclass(frozen=True)
class Station:
    """Address of the service, and what happens to the objects.

    Attributes:
        bind: Address.
        port: Port; 0 takes a free one.
        aet: Called AE title.
        admission: Who may send.
        limits: How much.
        spool: Folder of what was received.
        keep_hours: How long objects stay after their series was worked on; None forever.
        tls: Certificates; without any, nothing is encrypted.
        metrics_port: Port of this machine for metrics, or None.
    """

    bind: str
    port: int
    aet: str
    admission: Admission
    limits: Limits
    spool: Path
    keep_hours: float | None
    tls: Tls
    metrics_port: int | None

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise InputError(f"--port {self.port}: must lie in 0 to 65535", "wrong_usage")
        if self.metrics_port is not None and not 0 <= self.metrics_port <= 65535:
            raise InputError(
                f"--metrics-port {self.metrics_port}: must lie in 0 to 65535", "wrong_usage"
            )
        if self.keep_hours is not None and not self.keep_hours >= 0:
            raise InputError(f"--keep-hours {self.keep_hours}: must be 0 or more", "wrong_usage")


def listen_at(
    station: Station,
    request: Request,
    pace: Pace,
    console: Console,
    archives: Sequence[Archive] = (),
    commitments: Commitments | None = None,
) -> int:
    """Receive and plan until stopped; see `callosal listen`.

    Args:
        station: Where, from whom, how much.
        request: The spool is its one input.
        pace: When a series is whole.
        console: Where lines go.
        archives: Where to send the results.
        commitments: Takes the reports of archives on storage commitment.

    Returns:
        Exit code 0.

    Raises:
        CallosalError: Nothing can be run, or a result could not be written.
    """
    check_mapping(request.mapping, request.output)
    with (
        stopping() as stop,
        open_spool(station.spool, request.output, station.limits.spool_bytes) as spool,
        open_session(request, open_model(request.engine), console) as session,
        dispatching(request.output, archives, printing_on(console)) as dispatch,
    ):
        listener = Listener(
            spool, station.admission, station.limits, printing_on(console), commitments
        )
        arrivals = Arrivals(spool.received, pace.quiet_seconds, still=spool.moving)
        retention = Retention(spool, station.keep_hours)
        desk = SeriesPlanner(session, dispatch)
        context = station.tls.server_context("--tls") if station.tls.is_used else None
        port = listener.start(station.bind, station.port, station.aet, context)
        console.print(
            f"listening as {station.aet} at {station.bind} port {port}"
            f"{' with TLS' if context else ''}; Ctrl-C ends it",
            markup=False,
            soft_wrap=True,
        )
        try:
            with serve_metrics(station.metrics_port, desk, request.output):
                for ended in keep_watch(arrivals, desk, pace, stop, console):
                    listener.end_lost()
                    spool.admit_overdue()
                    retention.note(ended)
                    retention.sweep(arrivals)
        finally:
            listener.stop()
        n_unsent = end_dispatch(dispatch, desk, stop)
    return ending(desk, stop, pace, console, n_unsent)
