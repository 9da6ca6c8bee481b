"""Sends results to archives beside the planning: one thread for each archive."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from callosal.models.errors import CallosalError, OutputError
from callosal.pipelines.archive.sender import Archive, Patience, Sender, Tell
from callosal.pipelines.outputs.file_names import OUTBOX
from callosal.pipelines.outputs.outbox import open_outbox
from callosal.pipelines.outputs.run_lock import run_lock

LOOK_S = 30.0
"""Time between two looks for reviews, which come from another process."""

LOOK_SHARE = 0.05
"""Share of the time that may go into looking through the cases, however many they are."""


class Dispatch:
    """The senders of a run; `dispatching` starts and ends them."""

    def __init__(self, senders: Sequence[Sender]) -> None:
        self._senders = senders
        self._wakes = [threading.Event() for _ in senders]
        self._is_ending = self._is_stopped = self._has_news = False
        self._threads = [
            threading.Thread(target=self._work, args=pair, name="sender", daemon=True)
            for pair in zip(senders, self._wakes, strict=True)
        ]

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """A case is finished."""
        for event in self._wakes:
            event.set()

    def take_news(self) -> bool:
        """Whether something was sent or refused since the last time."""
        had_news, self._has_news = self._has_news, False
        return had_news

    def finish(self) -> None:
        """Send what can be sent now, and end: what an archive does not take now stays."""
        self._is_ending = True
        self._end()

    def stop(self) -> None:
        """End after the running case; the rest stays for the next start."""
        self._is_ending = self._is_stopped = True
        self._end()

    @property
    def n_unsent(self) -> int:
        """Cases that wait or were given up, over all archives."""
        counts = [sender.outbox.counts() for sender in self._senders]
        return sum(count.get("waiting", 0) + count.get("refused", 0) for count in counts)

    def _end(self) -> None:
        self.wake()
        for thread in self._threads:
            thread.join()

    def _work(self, sender: Sender, wake: threading.Event) -> None:
        counts: dict[str, int] = {}
        while True:
            wake.clear()
            is_ending = self._is_ending
            began = time.monotonic()
            due_s, looked_s = self._turn(sender)
            self._has_news |= counts != (counts := sender.counts)
            if self._is_stopped or (is_ending and due_s > 0):
                return
            wake.wait(min(due_s, LOOK_S))
            if not self._is_ending:
                time.sleep(max(0.0, began + looked_s / LOOK_SHARE - time.monotonic()))

    def _turn(self, sender: Sender) -> tuple[float, float]:
        """Look and send; seconds until something is due, and those that looking took."""
        began = time.monotonic()
        try:
            sender.find_work()
            looked_s = time.monotonic() - began
            return sender.send_due(lambda: self._is_stopped), looked_s
        except CallosalError as error:
            sender.tell(f"{sender.archive}: {error}; sending goes on in {LOOK_S:.0f} s")
        except Exception as error:
            # A fault of ours must not end the sending of a service.
            sender.tell(f"{sender.archive}: {type(error).__name__} while sending; it goes on in "
                        f"{LOOK_S:.0f} s; please report it")  # fmt: skip
        return LOOK_S, 0.0


@contextmanager
def dispatching(
    output: Path, archives: Sequence[Archive], tell: Tell, patience: Patience | None = None
) -> Iterator[Dispatch]:
    """Send the results of a run for as long as it lasts; without archives nothing happens.

    When the block ends, the object on its way is finished and the rest stays in the outbox.

    Args:
        output: Folder of the run.
        archives: Where to send.
        tell: Called with lines for the console.
        patience: Waits between tries.

    Raises:
        OutputError: Another process sends already (`output_in_use`), or the outbox cannot be
            written.
    """
    if not archives:
        yield Dispatch([])
        return
    with ExitStack() as stack:
        stack.enter_context(hold_outbox(output))
        senders = [
            Sender(output, stack.enter_context(open_outbox(output, str(archive))), archive, tell,
                   patience or Patience())
            for archive in archives
        ]  # fmt: skip
        dispatch = Dispatch(senders)
        dispatch.start()
        try:
            yield dispatch
        finally:
            dispatch.stop()


@contextmanager
def hold_outbox(output: Path) -> Iterator[None]:
    """Hold the outbox against other senders.

    Raises:
        OutputError: `output_in_use`.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(run_lock(output / OUTBOX))
        except OutputError as error:
            if error.code != "output_in_use":
                raise
            raise OutputError(
                f"{output.name}: a service sends its results already; what is reviewed is sent "
                "within a minute, and what was given up when the service is stopped and "
                "`callosal send` is called",
                "output_in_use",
            ) from error
        yield
