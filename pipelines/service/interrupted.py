"""Objects of associations that broke, or that a kill of the listener cut off.

Their sender will send the series again. A part of it is not planned on before that: the plan would
rest on a part, and the archive would get two results of one series.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from callosal.pipelines.dicom.headers import scan

HOLD_S: Final = 60.0
"""Seconds without an object of the sender after which its broken associations are taken as they
are."""

LONGEST_S: Final = 600.0
"""Seconds after which they are taken even if the sender, perhaps a router of many scanners, never
falls silent."""


class Interrupted:
    """Folders of broken associations, by their senders.

    Args:
        incoming: Folder of all associations; those in it are of a listener that was killed.
        clock: Seconds that only grow.
    """

    def __init__(self, incoming: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        now = clock()
        self._broke_at = dict.fromkeys(incoming.iterdir(), now)
        self._heard_at = dict(self._broke_at)

    def add(self, folder: Path) -> None:
        """Hold the folder of an association that broke."""
        with self._lock:
            self._broke_at[folder] = self._heard_at[folder] = self._clock()

    def wait_on(self, sender: str) -> None:
        """The sender sends again: what is held of it starts to wait again."""
        with self._lock:
            now = self._clock()
            self._heard_at |= {folder: now for folder in self._heard_at if _is_of(folder, sender)}

    def take(self, sender: str, folder: Path) -> list[Path]:
        """Folders of a sender that hold the series of another folder of it; held no more.

        Args:
            sender: Mark of the sender.
            folder: Objects of an association that ended well.
        """
        with self._lock:
            held = [one for one in self._broke_at if _is_of(one, sender)]
        if not held:
            return []
        # Headers are read only if something is held, which is rare.
        sent = series_in(folder)
        shared = {one for one in held if sent & series_in(one)}
        return self._taken(lambda one: one in shared)

    def take_overdue(self) -> list[Path]:
        """Folders whose sender did not come back, which are not held any more."""
        now = self._clock()
        return self._taken(
            lambda folder: (
                now - self._heard_at[folder] >= HOLD_S or now - self._broke_at[folder] >= LONGEST_S
            )
        )

    def _taken(self, is_wanted: Callable[[Path], bool]) -> list[Path]:
        with self._lock:
            taken = [folder for folder in self._broke_at if is_wanted(folder)]
            for folder in taken:
                del self._broke_at[folder], self._heard_at[folder]
            return taken


def series_in(folder: Path) -> frozenset[str]:
    """UIDs of the series that a folder holds objects of, as far as they can be read."""
    return frozenset(one.series_uid for one in scan(folder) if one.series_uid)


def _is_of(folder: Path, sender: str) -> bool:
    return folder.name.startswith(f"{sender}-")
