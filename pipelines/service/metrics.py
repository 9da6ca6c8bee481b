"""Numbers of a service for Prometheus, and whether it is well, on this machine alone."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import make_wsgi_app

from callosal.models.errors import InputError
from callosal.pipelines.outputs.outbox import sending_states
from callosal.pipelines.service.series_planner import SeriesPlanner

HOST = "127.0.0.1"
HEALTH = "/healthz"


class ServiceMetrics:
    """What a scrape finds: counts and seconds, and nothing of a case.

    Args:
        desk: What plans.
        output: Folder of the results.
    """

    def __init__(self, desk: SeriesPlanner, output: Path) -> None:
        self._desk = desk
        self._output = output

    def collect(self) -> Iterable[Any]:
        """The metrics of this moment."""
        cases = CounterMetricFamily("callosal_cases", "Cases since the start", labels=["result"])
        cases.add_metric(["planned"], self._desk.n_done)
        cases.add_metric(["refused"], self._desk.n_refused)
        yield cases
        seconds = CounterMetricFamily(
            "callosal_case_seconds", "Seconds of all cases by stage", labels=["stage"]
        )
        for stage, total_s in dict(self._desk.stages_s).items():
            seconds.add_metric([stage], total_s)
        yield seconds
        outbox = GaugeMetricFamily(
            "callosal_outbox_cases", "Cases by what became of them", labels=["state"]
        )
        for state, count in self.outbox().items():
            outbox.add_metric([state], count)
        yield outbox

    def outbox(self) -> dict[str, int]:
        """Number of cases by state; of several archives, the one furthest behind counts."""
        counts = Counter(state for state, _ in sending_states(self._output).values())
        return {state: counts[state] for state in ("sent", "waiting", "refused", "held")}


@contextmanager
def metrics_served(port: int | None, desk: SeriesPlanner, output: Path) -> Iterator[int]:
    """Answer at a port of this machine: /healthz, and everything else with the metrics.

    `/healthz` answers 200, or 503 once an archive did not take a case.

    Args:
        port: The port; 0 takes a free one, None serves nothing.
        desk: What plans.
        output: Folder of the results.

    Yields:
        The port; 0 for none.

    Raises:
        InputError: `port_taken`.
    """
    if port is None:
        yield 0
        return
    metrics = ServiceMetrics(desk, output)
    registry = CollectorRegistry()
    registry.register(metrics)
    exposed = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], respond: Callable[..., Any]) -> Any:
        if environ.get("PATH_INFO") != HEALTH:
            return exposed(environ, respond)
        n_refused = metrics.outbox()["refused"]
        respond("503 Service Unavailable" if n_refused else "200 OK",
                [("Content-Type", "text/plain")])  # fmt: skip
        return [f"{n_refused} cases were given up\n".encode() if n_refused else b"ok\n"]

    try:
        server = make_server(HOST, port, answer, handler_class=_Silent)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", "there is no such port")
        raise InputError(
            f"--metrics-port {port}: cannot be taken ({reason}); name another", "port_taken"
        ) from error
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
        thread.start()
        try:
            yield int(server.server_port)
        finally:
            server.shutdown()
            thread.join()


class _Silent(WSGIRequestHandler):
    """Does not log each scrape."""

    timeout = 10

    def log_message(self, *_: Any) -> None:
        """Nothing."""
