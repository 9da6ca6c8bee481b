"""Where a service writes its lines: as text for people, or as JSON for a log server."""

import io
import json
import re
import sys
import threading
from datetime import UTC, datetime
from typing import TextIO

from rich.console import Console

_CASE = re.compile(r"\bcase-[0-9a-f]{12}\b")
_NO_WRAP = 1 << 16


def service_console(command: str, as_json: bool) -> Console:
    """A console on stderr.

    Args:
        command: Name of the command, for the JSON.
        as_json: A JSON object a line, in place of text. Lines never hold data of a patient.
    """
    if not as_json:
        return Console(stderr=True)
    lines = JsonLines(sys.stderr, command)
    return Console(file=lines, force_terminal=False, no_color=True, width=_NO_WRAP)


class JsonLines(io.StringIO):
    """Takes text and writes each line of it as a JSON object.

    Each has `time` (UTC, ISO 8601), `command` and `message`, and `case_id` where the line is of
    one case.

    Args:
        stream: Where the objects go.
        command: Name of the command.
    """

    def __init__(self, stream: TextIO, command: str) -> None:
        super().__init__()
        self._stream = stream
        self._command = command
        self._open_line = ""
        self._writing = threading.Lock()

    def write(self, text: str) -> int:
        """Take text; what has no end of line yet waits for it."""
        with self._writing:
            *lines, self._open_line = (self._open_line + text).split("\n")
            for line in lines:
                if line.strip():
                    self._stream.write(self._object(line.strip()) + "\n")
        return len(text)

    def flush(self) -> None:
        """Hand on what is whole."""
        self._stream.flush()

    def _object(self, line: str) -> str:
        entry = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "command": self._command,
            "message": line,
        }
        found = _CASE.search(line)
        return json.dumps(entry if found is None else {**entry, "case_id": found[0]})
