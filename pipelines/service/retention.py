"""How long received objects stay after their series was worked on."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from callosal.pipelines.dicom.tree import FileEntry
from callosal.pipelines.service.arrivals import Arrival, Arrivals
from callosal.pipelines.service.spool import Spool


class Retention:
    """Deletes objects of finished series after a time.

    Args:
        spool: Where they lie; nothing else is ever deleted.
        hours: How long after; None keeps them forever.
        clock: Seconds that only grow.
    """

    def __init__(
        self, spool: Spool, hours: float | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._spool = spool
        self._hours = hours
        self._clock = clock
        self._ended: dict[str, tuple[float, Arrival]] = {}

    def note(self, ended: Sequence[Arrival]) -> None:
        """Series whose results are written; if a series came again, its time starts again."""
        if self._hours is None:
            return
        due_at = self._clock() + 3600 * self._hours
        for arrival in ended:
            for key in arrival.others:
                self._ended.pop(key, None)
        self._ended |= {arrival.key: (due_at, arrival) for arrival in ended}

    def sweep(self, arrivals: Arrivals) -> None:
        """Delete what is due, except series that are still receiving objects."""
        now = self._clock()
        for key, (due_at, arrival) in list(self._ended.items()):
            if due_at <= now and all(map(arrivals.is_done, (key, *arrival.others))):
                del self._ended[key]
                for entry in arrival.entries:
                    self._remove(entry)

    def _remove(self, entry: object) -> None:
        if not isinstance(entry, FileEntry):
            return
        path = Path(entry.path)
        try:
            info = path.stat()
            if (info.st_size, info.st_mtime_ns) == (entry.size_bytes, entry.mtime_ns):
                self._spool.remove(path)
        except FileNotFoundError:
            return
