"""Files that are there whole or not at all, and clear words where they cannot be written."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from callosal.models.errors import OutputError

_TEMPORARY = ".*.tmp"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_CLOSED = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


def write_bytes(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Write a file under a temporary name, flush it to disk, then give it its name.

    Args:
        path: The file; replaced where it is there.
        content: All of it.
        mode: Permissions, less those that the umask takes.

    Raises:
        OutputError: `disk_full`, `read_only_output` or `output_failed`; the file is as before.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    with _telling(path.name):
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def write_text(path: Path, content: str) -> None:
    """The same for text, in UTF-8."""
    write_bytes(path, content.encode("utf-8"))


def append_line(path: Path, line: str) -> None:
    """Add one line to a file; where it does not fit whole, none of it stays.

    Raises:
        OutputError: As of write_bytes.
    """
    with _telling(path.name), path.open("ab") as stream:
        end = stream.seek(0, os.SEEK_END)
        try:
            stream.write(f"{line}\n".encode())
            stream.flush()
        except OSError:
            stream.raw.truncate(end)
            raise


def make_folder(path: Path) -> None:
    """Make a folder and those above it.

    Raises:
        OutputError: As of write_bytes.
    """
    with _telling(path.name):
        path.mkdir(parents=True, exist_ok=True)


def move(path: Path, target: Path) -> None:
    """Give a file another name on the same disk.

    Raises:
        OutputError: As of write_bytes.
    """
    with _telling(path.name):
        path.replace(target)


def remove(path: Path) -> None:
    """Remove a file that may be there.

    Raises:
        OutputError: As of write_bytes.
    """
    with _telling(path.name):
        path.unlink(missing_ok=True)


def sweep_temporaries(folder: Path) -> None:
    """Remove what a killed run left half-written in a folder.

    Raises:
        OutputError: As of write_bytes.
    """
    for leftover in folder.glob(_TEMPORARY):
        remove(leftover)


@contextmanager
def _telling(name: str) -> Iterator[None]:
    """Turn an OSError of a write into a reason that names no path."""
    try:
        yield
    except OSError as error:
        raise _output_error(error, name) from error


def _output_error(error: OSError, name: str) -> OutputError:
    if error.errno in _FULL:
        message = f"{name} cannot be written: no space is left in the output folder; make room"
        return OutputError(message, "disk_full")
    if error.errno in _CLOSED:
        message = f"{name} cannot be written: the output folder is read-only; mend its permissions"
        return OutputError(message, "read_only_output")
    if isinstance(error, FileExistsError):
        message = f"{name} cannot be written: there is a file of that name; name a folder"
        return OutputError(message, "output_failed")
    reason = error.strerror or "input/output error"
    message = f"{name} cannot be written ({reason}); look at the output folder's disk"
    return OutputError(message, "output_failed")
