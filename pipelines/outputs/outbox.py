"""outbox/: which cases wait for which archive, what was sent, and what was given up and why.

The cases themselves are the queue: each with a `done.json` is to be sent. `queue.sqlite` holds what
their folders cannot say, so that it may be lost without loss of a result.
"""

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any, Literal

from callosal.models.errors import OutputError
from callosal.pipelines.outputs.atomic import make_folder, write_bytes, write_text
from callosal.pipelines.outputs.file_names import OUTBOX, QUEUE, REFUSED, REFUSED_REASON

State = Literal["waiting", "sent", "refused", "held"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS cases (
    destination TEXT, case_id TEXT, place INTEGER, version TEXT, state TEXT,
    study TEXT DEFAULT '', attempts INTEGER DEFAULT 0, reason TEXT DEFAULT '',
    PRIMARY KEY (destination, case_id));
CREATE TABLE IF NOT EXISTS sent (
    destination TEXT, sop_instance_uid TEXT, PRIMARY KEY (destination, sop_instance_uid));
"""
_WAIT_S = 30.0


@dataclass(frozen=True)
class Waiting:
    """A case that is to be sent.

    Attributes:
        case_id: Its name.
        place: Its place in the queue.
        study: Hash of its study; "" if not read yet.
        attempts: How many times the archive refused it.
    """

    case_id: str
    place: int
    study: str
    attempts: int


class Outbox:
    """The outbox of a run, for one destination; `open_outbox` makes one.

    Every change is on the disk when its method returns.

    Args:
        folder: OUT/outbox.
        queue: The open database.
        destination: Name of the archive.
    """

    def __init__(self, folder: Path, queue: sqlite3.Connection, destination: str) -> None:
        self._folder = folder
        self._queue = queue
        self._destination = destination

    def versions(self) -> dict[str, str]:
        """The version of each case that was put."""
        rows = self._run("SELECT case_id, version FROM cases WHERE destination = ?")
        return {str(case_id): str(version) for case_id, version in rows}

    def put(self, case_id: str, version: str) -> None:
        """Add a case, or a new version of one, to the end of the queue."""
        self._run(
            "REPLACE INTO cases (destination, case_id, place, version, state) VALUES (?1, ?2, "
            "(SELECT COALESCE(MAX(place), 0) + 1 FROM cases), ?3, 'waiting')",
            case_id, version,
        )  # fmt: skip

    def waiting(self) -> list[Waiting]:
        """Cases that are to be sent, in their order."""
        rows = self._run(
            "SELECT case_id, place, study, attempts FROM cases "
            "WHERE destination = ? AND state = 'waiting' ORDER BY place"
        )
        return [Waiting(*row) for row in rows]

    def note_study(self, case: Waiting, study: str) -> None:
        """Keep the study of a case, for the order of its objects."""
        self._run("UPDATE cases SET study = ?3 WHERE destination = ?1 AND place = ?2",
                  case.place, study)  # fmt: skip

    def note_refusal(self, case: Waiting, reason: str) -> None:
        """Count a try that the archive refused."""
        self._run(
            "UPDATE cases SET attempts = attempts + 1, reason = ?3 "
            "WHERE destination = ?1 AND place = ?2", case.place, reason,
        )  # fmt: skip

    def settle(self, case: Waiting, state: State, reason: str = "") -> None:
        """End the wait of a case; one that was put again meanwhile goes on waiting."""
        self._run(
            "UPDATE cases SET state = ?3, reason = ?4 WHERE destination = ?1 AND place = ?2",
            case.place, state, reason,
        )  # fmt: skip

    def is_sent(self, sop_instance_uid: str) -> bool:
        """Whether the archive has confirmed an object."""
        rows = self._run("SELECT 1 FROM sent WHERE destination = ? AND sop_instance_uid = ?",
                         sop_instance_uid)  # fmt: skip
        return bool(rows)

    def note_sent(self, sop_instance_uid: str) -> None:
        """Keep that the archive has confirmed an object."""
        self._run("INSERT OR IGNORE INTO sent VALUES (?, ?)", sop_instance_uid)

    def note_lost(self, sop_instance_uid: str) -> None:
        """Keep that the archive does not keep an object that it has confirmed."""
        self._run("DELETE FROM sent WHERE destination = ? AND sop_instance_uid = ?",
                  sop_instance_uid)  # fmt: skip

    def try_refused_again(self) -> None:
        """Let all cases that were given up wait again."""
        self._run("UPDATE cases SET state = 'waiting', attempts = 0 "
                  "WHERE destination = ? AND state = 'refused'")  # fmt: skip

    def forget(self) -> None:
        """Let everything be sent once more, as if nothing had been."""
        self._run("DELETE FROM cases WHERE destination = ?")
        self._run("DELETE FROM sent WHERE destination = ?")

    def counts(self) -> dict[str, int]:
        """Number of cases by state."""
        rows = self._run("SELECT state, COUNT(*) FROM cases WHERE destination = ? GROUP BY state")
        return {str(state): int(count) for state, count in rows}

    def keep_refused(self, case_id: str, files: Mapping[str, bytes], reason: str) -> None:
        """Write the objects that were given up, with the reason beside them."""
        folder = self._refused(case_id)
        make_folder(folder)
        for name, content in files.items():
            write_bytes(folder / name, content, mode=0o600)
        told = {"case_id": case_id, "destination": self._destination, "reason": reason}
        write_text(folder / REFUSED_REASON, json.dumps(told, indent=1) + "\n")

    def drop_refused(self, case_id: str) -> None:
        """Remove what `keep_refused` wrote: the case was sent after all, or is not to be."""
        rmtree(self._refused(case_id), ignore_errors=True)

    def _refused(self, case_id: str) -> Path:
        plain = re.sub(r"[^A-Za-z0-9._-]", "_", self._destination)
        return self._folder / REFUSED / plain / case_id

    def _run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self._queue.execute(statement, (self._destination, *values)).fetchall()
        except sqlite3.Error as error:
            raise _broken(error) from error


@contextmanager
def open_outbox(output: Path, destination: str) -> Iterator[Outbox]:
    """The outbox of a run.

    Args:
        output: Folder of the run.
        destination: Name of the archive.

    Raises:
        OutputError: It cannot be written, or is no database (`outbox_broken`).
    """
    folder = output / OUTBOX
    make_folder(folder)
    folder.chmod(0o700)
    try:
        # Sentences of their own: each is on the disk before the next.
        queue = sqlite3.connect(
            folder / QUEUE, timeout=_WAIT_S, isolation_level=None, check_same_thread=False
        )
        queue.execute("PRAGMA synchronous = FULL")
        queue.executescript(_SCHEMA)
    except sqlite3.Error as error:
        raise _broken(error) from error
    with closing(queue):
        yield Outbox(folder, queue, destination)


def sending_states(output: Path) -> dict[str, tuple[State, str]]:
    """State and reason of each case, for the report; of several archives the one furthest behind.

    Args:
        output: Folder of the run.

    Returns:
        By name of the case; empty if nothing was ever sent or the outbox is broken.
    """
    path = output / OUTBOX / QUEUE
    if not path.is_file():
        return {}
    ranks = {state: rank for rank, state in enumerate(("sent", "held", "waiting", "refused"))}
    found: dict[str, tuple[State, str]] = {}
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=_WAIT_S)) as queue:
            for case_id, state, reason in queue.execute("SELECT case_id, state, reason FROM cases"):
                if case_id not in found or ranks[state] > ranks[found[case_id][0]]:
                    found[case_id] = (state, reason)
    except (sqlite3.Error, KeyError):
        return {}
    return found


def _broken(error: sqlite3.Error) -> OutputError:
    code = getattr(error, "sqlite_errorname", "") or type(error).__name__
    if code == "SQLITE_FULL":
        return OutputError(f"{OUTBOX}/{QUEUE}: no space is left; make room", "disk_full")
    return OutputError(
        f"{OUTBOX}/{QUEUE}: cannot be used ({code}); mend its permissions, or move it away: then "
        "all results are sent once more, under the UIDs that they have",
        "outbox_broken",
    )
