"""One run at a time writes to an output folder; a run that died holds nothing back."""

import errno
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from callosal.models.errors import OutputError
from callosal.pipelines.outputs.atomic import make_folder
from callosal.pipelines.outputs.file_names import LOCK_FILE

_BUSY = frozenset({errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK})
_LOCKED_BYTE = 1 << 30  # far behind the owner's name, which others must be able to read


@contextmanager
def run_lock(output: Path) -> Iterator[None]:
    """Hold an output folder, made where it is missing, against every other run.

    The system holds the lock for the process and drops it when the process ends, however it
    ends: so nothing is left to clean up after a kill or a power cut, and no clock and no process
    id has to be trusted. The file stays, and names the owner for the message of the next one.
    On network file systems it is as good as their locks (NFS 4 and Lustre with `flock` have
    them); where a file system has none, the run goes on without.

    Raises:
        OutputError: `output_in_use`, or the folder cannot be written.
    """
    make_folder(output)
    handle = _open(output)
    try:
        _acquire(handle, output)
        _name_owner(handle)
        yield
    finally:
        os.close(handle)


def _open(output: Path) -> int:
    try:
        return os.open(output / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        reason = error.strerror or "input/output error"
        raise OutputError(
            f"--output {output.name}: cannot be written ({reason}); mend its permissions or "
            "choose another folder",
            "read_only_output",
        ) from error


def _acquire(handle: int, output: Path) -> None:
    try:
        _lock(handle)
    except OSError as error:
        if error.errno not in _BUSY:
            return
        raise OutputError(
            f"--output {output.name}: in use by {_owner(handle)}; wait for that run or stop it, "
            "or choose another folder",
            "output_in_use",
        ) from error


def _lock(handle: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _name_owner(handle: int) -> None:
    owner = {
        "process": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    try:
        os.ftruncate(handle, 0)
        os.write(handle, json.dumps(owner).encode())
    except OSError:
        # A full disk: the lock holds all the same, only its owner has no name.
        return


def _owner(handle: int) -> str:
    try:
        owner = json.loads(os.pread(handle, 4096, 0))
        return f"process {int(owner['process'])} on {owner['host']} since {owner['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another run"
