"""The incoming bytes of one association: bounded, slowed down, or cut off.

pynetdicom reads as long a message part as its header declares (up to 4 GiB) and gathers objects of
any size in memory; so each part is checked before it is read.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable

from callosal.pipelines.archive.tls import reason_of
from callosal.pipelines.service.limits import Limits

MAX_PART_BYTES = 1 << 20
"""Longest part of a message that is read; 128 KiB is announced to the senders."""

MAX_WAITING = 2
"""Requests that may wait behind the one that is answered: none may, by the standard."""

MAX_EXCESS = 8
"""An object is discarded up to this many times the size limit; then the sender is cut off."""

_BLOCK = 1 << 16


class Throttle:
    """Bytes a second of one host, over all its associations.

    Args:
        bytes_per_s: How many; a second's worth may come at once.
        clock: Seconds that only grow.
    """

    def __init__(self, bytes_per_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = bytes_per_s
        self._clock = clock
        self._lock = threading.Lock()
        self._free_from = clock()

    def wait_s(self, n_bytes: int) -> float:
        """Count bytes that were read, and how long to wait before the next are."""
        with self._lock:
            now = self._clock()
            self._free_from = max(self._free_from, now - 1.0) + n_bytes / self._rate
            return max(0.0, self._free_from - now)


class Cut(OSError):
    """The sender broke a limit; the connection is closed."""


class Intake:
    """What one association sends.

    Args:
        limits: Bounds.
        throttle: That of its host.
    """

    def __init__(self, limits: Limits, throttle: Throttle) -> None:
        self._limits = limits
        self._throttle = throttle
        self._n_bytes = 0
        self._n_waiting = 0
        self._lock = threading.Lock()
        self.refusal = ""
        self.is_too_big = False

    def read(self, connection: socket.socket, n_bytes: int) -> bytearray:
        """Read a part of a message; fewer bytes where the sender is gone.

        Raises:
            OSError: The sender is not let in, broke a limit, or took too long.
        """
        try:
            data = self._read(connection, n_bytes)
        except OSError as error:
            if isinstance(error, ssl.SSLError):
                self.refusal = f"TLS: {reason_of(error)}"
            # pynetdicom leaves the connection open when reading from it fails.
            connection.close()
            raise
        time.sleep(self._throttle.wait_s(len(data)))
        return data

    def count_part(self, n_bytes: int) -> bool:
        """Count bytes of a message that is not whole yet; whether they may be kept."""
        self._n_bytes += n_bytes
        self.is_too_big = self._n_bytes > self._limits.object_bytes
        if self._n_bytes > MAX_EXCESS * self._limits.object_bytes:
            self.refusal = "an object without an end"
        return not self.is_too_big

    def count_message(self) -> bool:
        """A message is whole; whether it was too big to be kept."""
        was_too_big = self.is_too_big
        self._n_bytes, self.is_too_big = 0, False
        with self._lock:
            self._n_waiting += 1
            if self._n_waiting > 1 + MAX_WAITING:
                self.refusal = "requests without waiting for an answer"
        return was_too_big

    def answered(self) -> None:
        """A message is about to be answered."""
        with self._lock:
            self._n_waiting -= 1

    def _read(self, connection: socket.socket, n_bytes: int) -> bytearray:
        self._check(n_bytes)
        end = time.monotonic() + self._limits.idle_s
        data = bytearray()
        while len(data) < n_bytes:
            left_s = end - time.monotonic()
            if left_s <= 0:
                raise self._cut("too slow")
            connection.settimeout(left_s)
            block = connection.recv(min(_BLOCK, n_bytes - len(data)))
            if not block:
                break
            data += block
        # What is sent goes through the same socket, and waits for no longer than this.
        connection.settimeout(self._limits.idle_s)
        return data

    def _check(self, n_bytes: int) -> None:
        if n_bytes > MAX_PART_BYTES:
            self.refusal = self.refusal or "a message part of impossible length"
        if self.refusal:
            raise Cut(self.refusal)

    def _cut(self, reason: str) -> Cut:
        self.refusal = reason
        return Cut(reason)
