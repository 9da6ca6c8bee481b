"""Objects of associations that broke, or that a kill of the listener cut off.

Their sender will send the series again. A part of it is not planned on before that: the plan would
rest on a part, and the archive would get two results of one series.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path

HOLD_S = 60.0
"""Seconds without an object of the sender after which its broken associations are taken as they
are."""


class Interrupted:
    """Folders of broken associations, by their senders.

    Args:
        incoming: Folder of all associations; those in it are of a listener that was killed.
        clock: Seconds that only grow.
    """

    def __init__(self, incoming: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._since = {folder: clock() for folder in incoming.iterdir()}

    def add(self, folder: Path) -> None:
        """Hold the folder of an association that broke."""
        with self._lock:
            self._since[folder] = self._clock()

    def wait_on(self, sender: str) -> None:
        """The sender sends again: what is held of it starts to wait again."""
        with self._lock:
            now = self._clock()
            self._since |= {folder: now for folder in self._since if _is_of(folder, sender)}

    def take(self, sender: str) -> list[Path]:
        """Folders of a sender, which are not held any more."""
        return self._taken(lambda folder: _is_of(folder, sender))

    def take_overdue(self) -> list[Path]:
        """Folders whose sender did not come back, which are not held any more."""
        latest = self._clock() - HOLD_S
        return self._taken(lambda folder: self._since[folder] <= latest)

    def _taken(self, is_wanted: Callable[[Path], bool]) -> list[Path]:
        with self._lock:
            taken = [folder for folder in self._since if is_wanted(folder)]
            for folder in taken:
                del self._since[folder]
            return taken


def _is_of(folder: Path, sender: str) -> bool:
    return folder.name.startswith(f"{sender}-")
