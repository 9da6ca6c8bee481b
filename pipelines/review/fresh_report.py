"""report.html of a run under review, kept up with what is decided."""

import threading
from pathlib import Path

from callosal.models.errors import CallosalError
from callosal.pipelines.report.page import write_report


class FreshReport:
    """Makes report.html again after decisions, beside the reviewer's work.

    A report of thousands of cases takes seconds, which no reviewer should wait for at each save:
    it is made in a thread of its own, once for all that was decided meanwhile, and who asks for
    it waits until it tells the newest decision.

    Args:
        output: Folder of the run.
    """

    def __init__(self, output: Path) -> None:
        self._output = output
        self._is_stale = threading.Event()
        self._making = threading.Lock()

    def renew(self) -> None:
        """Have it made again, without waiting for it."""
        self._is_stale.set()
        threading.Thread(target=self._try, name="report").start()

    def wait(self) -> None:
        """Return when it shows all decisions so far.

        Raises:
            CallosalError: It cannot be made; the report of before stays.
        """
        with self._making:
            if not self._is_stale.is_set():
                return
            self._is_stale.clear()
            try:
                write_report(self._output)
            except BaseException:
                self._is_stale.set()
                raise

    def _try(self) -> None:
        try:
            self.wait()
        except (CallosalError, OSError):
            # The error goes to whoever asks for the report, or ends the review.
            return
