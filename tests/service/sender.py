"""Senders for the tests of the listener: proper ones, and rude ones that speak in raw bytes."""

import socket
import ssl
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage
from pynetdicom import AE
from pynetdicom.sop_class import Verification

from callosal.pipelines.service.admission import Admission
from callosal.pipelines.service.limits import Limits
from callosal.pipelines.service.listener import Listener
from callosal.pipelines.service.spool import Spool

HOST = "127.0.0.1"
SENDER = "SCANNER"
CALLED = "CALLOSAL"


class Node:
    """A listener on a free port of this machine, its spool, and what it told."""

    def __init__(
        self,
        root: Path,
        limits: Limits,
        hosts: Sequence[str] | None,
        context: ssl.SSLContext | None,
    ) -> None:
        self.told: list[str] = []
        self.spool = Spool(root, limits.spool_bytes)
        admission = Admission.of([SENDER], hosts, HOST)
        self.listener = Listener(self.spool, admission, limits, self.told.append)
        self.port = self.listener.start(HOST, 0, CALLED, context)

    def received(self) -> list[Path]:
        return sorted(self.spool.received.rglob("*.dcm"))

    def associations(self) -> list[Any]:
        return self.listener._visits.associations

    def partial(self) -> list[Path]:
        return sorted(path for path in self.spool.incoming.rglob("*") if path.is_file())


@contextmanager
def node(
    root: Path,
    limits: Limits | None = None,
    hosts: Sequence[str] | None = None,
    context: ssl.SSLContext | None = None,
) -> Iterator[Node]:
    """A node for as long as it is needed."""
    made = Node(root, limits or Limits(), hosts, context)
    try:
        yield made
    finally:
        made.listener.stop()


def connect(
    port: int,
    sop_class: str = MRImageStorage,
    calling: str = SENDER,
    called: str = CALLED,
    syntaxes: Sequence[str] = (ExplicitVRLittleEndian,),
    tls: ssl.SSLContext | None = None,
) -> Any:
    """An association, established or not."""
    ae = AE(calling)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 60
    ae.add_requested_context(sop_class, list(syntaxes))
    ae.add_requested_context(Verification)
    tls_args = None if tls is None else (tls, HOST)
    return ae.associate(HOST, port, ae_title=called, tls_args=tls_args)


def send(
    port: int, slices: Sequence[Dataset], tls: ssl.SSLContext | None = None
) -> list[int | None]:
    """Send images in one association; the status of each, None where no answer came."""
    association = connect(port, tls=tls)
    assert association.is_established
    statuses = [getattr(association.send_c_store(ds), "Status", None)
                if association.is_established else None for ds in slices]  # fmt: skip
    association.release()
    return statuses


@contextmanager
def raw(port: int) -> Iterator[socket.socket]:
    """A bare connection."""
    with socket.create_connection((HOST, port), timeout=60) as connection:
        yield connection


def part(kind: int, declared: int, content: bytes = b"") -> bytes:
    """A PDU of any declared length."""
    return struct.pack(">BBL", kind, 0, declared) + content


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side ends the connection."""
    try:
        while connection.recv(4096):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True
