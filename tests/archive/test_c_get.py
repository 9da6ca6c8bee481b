"""What comes by C-GET: only what was asked for, and why nothing comes."""

import io
import socket
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("pynetdicom", reason="fetching needs the extra `pacs`")

from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage

from callosal.models.errors import OutputError
from callosal.pipelines.archive.c_get import GetArchive, _Inbox
from callosal.pipelines.archive.destination import Node
from callosal.pipelines.archive.faults import Refused, Unreachable
from callosal.pipelines.archive.study_query import of_study
from callosal.pipelines.archive.tls import Tls
from tests.archive.stores import HOST, TITLE, store


def _event(uid: str, content: bytes | None = b"\x08\0\x16\0") -> Any:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = ExplicitVRLittleEndian, MRImageStorage
    meta.MediaStorageSOPInstanceUID = UID(uid)
    stream = None if content is None else io.BytesIO(content)
    return SimpleNamespace(
        request=SimpleNamespace(AffectedSOPInstanceUID=uid, DataSet=stream), file_meta=meta
    )


def test_only_what_was_asked_for_is_kept() -> None:
    inbox, kept = _Inbox(), dict[str, bytes]()
    assert inbox.take(_event("1.2.3")) == 0x0122
    inbox.expect(["1.2.3"], kept.__setitem__)
    assert inbox.take(_event("1.2.3")) == 0
    assert inbox.take(_event("1.2.4")) == 0x0122
    assert inbox.take(_event("1.2.3", None)) == 0x0122
    assert inbox.close() is None
    assert inbox.take(_event("1.2.3")) == 0x0122
    assert kept["1.2.3"][128:132] == b"DICM"
    assert kept["1.2.3"].endswith(b"\x08\0\x16\0")


def test_a_full_disk_ends_the_fetch() -> None:
    def full(uid: str, content: bytes) -> None:
        raise OutputError("the disk is full", "disk_full")

    inbox = _Inbox()
    inbox.expect(["1.2.3"], full)
    assert inbox.take(_event("1.2.3")) == 0xA700
    assert isinstance(inbox.close(), OutputError)


def test_an_archive_that_is_not_there_says_why() -> None:
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    archive = GetArchive(Node(TITLE, HOST, port), "CALLOSAL", Tls())
    with pytest.raises(Unreachable, match="connection refused"), archive.connect():
        pass


def test_an_archive_that_only_stores_answers_no_question() -> None:
    with store() as made:
        archive = GetArchive(made.node, "CALLOSAL", Tls())
        with pytest.raises((Refused, Unreachable)), archive.connect() as link:
            link.studies(of_study("1.2.3"))
