"""Plans on arrived series, round by round, with the driver of `infer`."""

import time
from collections import Counter
from collections.abc import Callable, Sequence

from callosal.pipelines.archive.dispatch import Dispatch
from callosal.pipelines.batch.case_work import PASSING
from callosal.pipelines.batch.driver import run_jobs_until
from callosal.pipelines.batch.jobs import other_rows
from callosal.pipelines.batch.mapping import mapped, write_mapping
from callosal.pipelines.batch.run_record import run_record
from callosal.pipelines.batch.session import Session
from callosal.pipelines.batch.stopping import Stop
from callosal.pipelines.batch.work import Work, plan_work
from callosal.pipelines.outputs.mapping_file import Line
from callosal.pipelines.outputs.results import Row, is_planned, write_tables
from callosal.pipelines.outputs.run_json import write_run_record
from callosal.pipelines.reading.cases import index_files
from callosal.pipelines.report.page import write_report
from callosal.pipelines.service.arrivals import Arrival
from callosal.pipelines.service.ledger import Ledger

TABLES_SHARE = 0.05
"""Share of the time that may go into tables and report, which grow with the results."""


class SeriesPlanner:
    """Plans on series as they come, and keeps tables, record and report of all of them.

    Args:
        session: The output folder and the model, opened once.
        dispatch: What sends results to archives; it learns of each finished case.
        clock: Seconds that only grow.
    """

    def __init__(
        self, session: Session, dispatch: Dispatch, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._session = session
        self._dispatch = dispatch
        self._clock = clock
        self._started = clock()
        output = session.request.output
        self._ledger = Ledger(other_rows(output, session.fingerprint, ()))
        self._mapping: dict[str, Line] = {}
        self.stages_s = Counter[str]()
        self._is_stale = True
        self._tables_from = clock()
        self.n_done = self.n_refused = self.n_skipped = 0

    def work_on(self, arrivals: Sequence[Arrival], stop: Stop) -> dict[str, bool]:
        """Plan on series; finished cases are left unchanged.

        Args:
            arrivals: The series.
            stop: Asked before each case.

        Returns:
            For each series that was seen to its end, by key, whether that end is lasting: not
            where a fault may pass.

        Raises:
            OutputError: A result could not be written.
        """
        others = {arrival.key: arrival.others for arrival in arrivals}
        works = {arrival.key: plan_work(index_files(arrival.entries), self._session)
                 for arrival in arrivals}  # fmt: skip
        for work in works.values():
            self._mapping |= mapped(work)
        self._is_stale = True
        rows = self._run(works, stop)
        ended = {}
        for key, work in works.items():
            known = [rows[job.name] for job in work.jobs if job.name in rows]
            for other in others[key]:
                self._ledger.replace(other, [])
            self._ledger.replace(key, [*known, *work.skipped])
            if len(known) == len(work.jobs):
                ended[key] = not any(row["reasons"] in PASSING for row in known)
        return ended

    def write_tables_when_due(self) -> None:
        """Write tables and report, where they are behind and it has not just been done."""
        self._is_stale |= self._dispatch.take_news()
        if self._is_stale and self._clock() >= self._tables_from:
            self.write_tables()

    def write_tables(self) -> None:
        """Write both tables, run.json, report.html and the mapping.

        Raises:
            OutputError: They cannot be written.
        """
        began = self._clock()
        output, rows = self._session.request.output, self._ledger.rows
        write_tables(output, rows)
        timings_s = {"service": began - self._started}
        timings_s |= {f"cases.{name}": seconds for name, seconds in self.stages_s.items()}
        write_run_record(output, run_record(self._session, rows, timings_s))
        write_report(output)
        write_mapping(self._session.request.mapping, self._mapping)
        now = self._clock()
        self._tables_from = now + (now - began) / TABLES_SHARE
        self._is_stale = False

    @property
    def rows(self) -> list[Row]:
        """Rows of all that is known."""
        return self._ledger.rows

    def _run(self, works: dict[str, Work], stop: Stop) -> dict[str, Row]:
        """Rows of the cases that are finished, by name; fewer where it was stopped."""
        session = self._session
        rows: dict[str, Row] = {}
        for work in works.values():
            rows |= {str(row["case_id"]): row for row in work.kept}
            self.n_refused += work.n_faults
            self.n_skipped += len(work.asides) - work.n_faults
        jobs = [job for work in works.values() for job in work.to_do]
        output, console = session.request.output, session.console
        try:
            for finished in run_jobs_until(stop, jobs, output, session.runner, console):
                rows[str(finished.row["case_id"])] = finished.row
                self.stages_s.update(finished.stages_s)
                self._dispatch.wake()
        except KeyboardInterrupt:
            if not stop.asked:
                raise
        planned = sum(map(is_planned, rows.values()))
        self.n_done += planned
        self.n_refused += len(rows) - planned
        return rows
