"""The folder of received objects: each whole or absent, readable by one user, up to a size limit.

During an association its objects are in a separate folder under `incoming/`; when the sender ends
it, they move to `received/`, which is watched. After one that broke, they move when the sender has
sent the series again, or has not come back for a while. No name comes from a tag: names are salted
hashes.
"""

import hashlib
import os
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from callosal.models.errors import InputError, OutputError
from callosal.pipelines.outputs.case_id import output_salt
from callosal.pipelines.outputs.run_lock import run_lock
from callosal.pipelines.service.interrupted import Interrupted

_PARTIAL = ".part"


class SpoolFull(Exception):
    """There is no room for an object."""


class OtherContent(Exception):
    """An object of another content is there under the same identity."""


class Spool:
    """The folder of all that was received; `open_spool` makes one.

    Args:
        root: The folder, held by this process.
        limit_bytes: How much it may hold.

    Attributes:
        moving: Held while the objects of an association move to `received/`. Whoever looks there
            holds it too, and so never sees a part of a series.
    """

    def __init__(self, root: Path, limit_bytes: int) -> None:
        self.incoming, self.received = root / "incoming", root / "received"
        for folder in (root, self.incoming, self.received):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
        self._salt = output_salt(root)
        self._limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self.moving = threading.Lock()
        for partial in self.incoming.glob(f"*/*{_PARTIAL}"):
            partial.unlink()
        self._interrupted = Interrupted(self.incoming)
        sizes = (path.stat().st_size for path in root.rglob("*.dcm"))
        self.used_bytes = sum(sizes)

    def open_inbox(self) -> "Inbox":
        """A place for the objects of one association."""
        return Inbox(self)

    def name_of(self, sender: str, instance_uid: str) -> str:
        """File name of an object; unchanged if the same sender sends it again."""
        return self._hash(f"{sender}:{instance_uid}")[:40] + ".dcm"

    def folder_of(self, sender: str) -> Path:
        """A new folder for an association of a sender."""
        return self.incoming / f"{self._mark(sender)}-{secrets.token_hex(8)}"

    def hear(self, sender: str) -> None:
        """A sender has sent an object: what broke of it before waits on."""
        self._interrupted.wait_on(self._mark(sender))

    def hold(self, folder: Path) -> None:
        """Keep the objects of an association that broke until its sender has sent again."""
        self._interrupted.add(folder)

    def admit_all(self, folder: Path, sender: str) -> None:
        """Hand over an association that ended well, and what broke of its series before."""
        with self.moving:
            for one in (folder, *self._interrupted.take(self._mark(sender), folder)):
                self._admit_folder(one)

    def admit_overdue(self) -> None:
        """Hand over what broke and was not sent again."""
        with self.moving:
            for folder in self._interrupted.take_overdue():
                self._admit_folder(folder)

    def take_room(self, n_bytes: int) -> None:
        """Count bytes before they are written.

        Raises:
            SpoolFull: They do not fit.
        """
        with self._lock:
            if self.used_bytes + n_bytes > self._limit_bytes:
                raise SpoolFull
            self.used_bytes += n_bytes

    def give_room(self, n_bytes: int) -> None:
        """Count bytes that are gone."""
        with self._lock:
            self.used_bytes -= n_bytes

    def _admit_folder(self, folder: Path) -> None:
        if folder.is_dir():
            for path in sorted(folder.glob("*.dcm")):
                self._admit(path)
            folder.rmdir()

    def _admit(self, path: Path) -> None:
        """Move an object to the watched folder; one that is there already is left unchanged."""
        place = self.received / path.name[:2] / path.name
        place.parent.mkdir(mode=0o700, exist_ok=True)
        size = place.stat().st_size if place.is_file() else 0
        if size:
            self.give_room(path.stat().st_size)
            path.unlink()
        else:
            path.replace(place)

    def holds_other(self, name: str, parts: Sequence[bytes | memoryview]) -> bool:
        """Whether an object of this name is here or on its way in, with another content."""
        places = [self.received / name[:2] / name, *self.incoming.glob(f"*/{name}")]
        return any(_differs(place, parts) for place in places)

    def settle(self, partial: Path, place: Path, parts: Sequence[bytes | memoryview]) -> None:
        """Give a written object its name.

        Raises:
            OtherContent: Another association was faster with another content.
        """
        with self._lock:
            if self.holds_other(place.name, parts):
                raise OtherContent
            partial.replace(place)

    def remove(self, path: Path) -> None:
        """Delete an object that is not needed any more."""
        size = path.stat().st_size
        path.unlink()
        self.give_room(size)

    def _mark(self, sender: str) -> str:
        return self._hash(f"sender:{sender}")[:12]

    def _hash(self, secret: str) -> str:
        return hashlib.sha256(f"{self._salt}:{secret}".encode()).hexdigest()


class Inbox:
    """Objects of one association that lasts.

    Args:
        spool: Where they go when it ends.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._sender = ""
        self._folder: Path | None = None
        self._lock = threading.Lock()
        self._is_open = True

    def store(self, sender: str, name: str, parts: Sequence[bytes | memoryview]) -> None:
        """Write an object; it is on the disk when this returns.

        Args:
            sender: Its sender, one for an association.
            name: As of `Spool.name_of`.
            parts: Its content.

        Raises:
            OtherContent: Another object of that name is here, or on its way in by another
                association; it stays.
            SpoolFull: It does not fit.
            OSError: It cannot be written, or the association has ended; nothing of it stays.
        """
        n_bytes = sum(len(part) for part in parts)
        with self._lock:
            if not self._is_open:
                raise BrokenPipeError("the association has ended")
            self._spool.hear(sender)
            self._sender = sender
            folder = self._folder = self._folder or self._spool.folder_of(sender)
            earlier = folder / name
            if _differs(earlier, parts) or self._spool.holds_other(name, parts):
                raise OtherContent
            if earlier.is_file():
                return
            self._spool.take_room(n_bytes)
            partial = folder / f"{name}{_PARTIAL}"
            try:
                folder.mkdir(mode=0o700, exist_ok=True)
                _write(partial, parts)
                self._spool.settle(partial, earlier, parts)
            except BaseException:
                self._spool.give_room(n_bytes)
                partial.unlink(missing_ok=True)
                raise

    def close(self, is_whole: bool) -> None:
        """End the association; once is enough.

        Args:
            is_whole: Whether the sender ended it. After a broken one its objects are held.
        """
        with self._lock:
            if not self._is_open:
                return
            self._is_open = False
            if self._folder is None or not self._folder.is_dir():
                return
            if is_whole:
                self._spool.admit_all(self._folder, self._sender)
            else:
                self._spool.hold(self._folder)


@contextmanager
def open_spool(root: Path, output: Path, limit_bytes: int) -> Iterator[Spool]:
    """Hold a spool against other listeners.

    Args:
        root: The folder; created if missing.
        output: Where the results go; they may be passed on, so the spool may not lie there.
        limit_bytes: How much it may hold.

    Raises:
        InputError: `spool_in_output`.
        OutputError: It is in use or not writable.
    """
    place, results = root.resolve(), output.resolve()
    if place.is_relative_to(results) or results.is_relative_to(place):
        raise InputError(
            f"--spool {root.name}: images of patients must not lie among the results, which may be "
            "passed on, nor these among them; name a folder elsewhere",
            "spool_in_output",
        )
    with run_lock(root):
        try:
            spool = Spool(root, limit_bytes)
        except OSError as error:
            raise OutputError(
                f"--spool {root.name}: cannot be written ({error.strerror}); fix its permissions "
                "or name another folder",
                "read_only_output",
            ) from error
        yield spool


def _write(path: Path, parts: Sequence[bytes | memoryview]) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        for part in parts:
            stream.write(part)
        stream.flush()
        os.fsync(stream.fileno())


def _differs(path: Path, parts: Sequence[bytes | memoryview]) -> bool:
    """Whether a file is there and holds anything but these bytes."""
    try:
        with path.open("rb") as stream:
            is_equal = all(stream.read(len(part)) == bytes(part) for part in parts)
            return not is_equal or bool(stream.read(1))
    except FileNotFoundError:
        return False
