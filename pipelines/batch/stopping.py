"""Ctrl-C and SIGTERM let the running case finish."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any


@dataclass
class Stop:
    """A request to stop, which the work looks at between two cases.

    Attributes:
        asked: Whether the user or the system asked.
    """

    asked: bool = False


@contextmanager
def stopping(running: str = "the running case") -> Iterator[Stop]:
    """Let what runs finish on Ctrl-C or SIGTERM; a second Ctrl-C ends at once.

    Args:
        running: What is finished first, in the words of the user.
    """
    stop = Stop()
    previous: dict[signal.Signals, Any] = {}

    def ask(number: int, frame: FrameType | None) -> None:
        stop.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # Not print: the signal may have come in the middle of one.
        os.write(2, f"finishing {running}; press Ctrl-C again to end at once\n".encode())

    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            previous[number] = signal.signal(number, ask)
    except ValueError:
        # Not in the main thread: whoever runs us there handles signals.
        pass
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
