"""Storage commitment: reports over the association that asked, over another one, or none."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("pynetdicom", reason="sending needs the extra `pacs`")

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import StorageCommitmentPushModel, StorageCommitmentPushModelInstance

from callosal.pipelines.archive.c_store import SENT_CLASSES, StoreArchive
from callosal.pipelines.archive.commitment import Commitments
from callosal.pipelines.archive.destination import Node
from callosal.pipelines.archive.outgoing import OutgoingObject
from callosal.pipelines.archive.tls import Tls
from callosal.pipelines.service.admission import Admission
from callosal.pipelines.service.limits import Limits
from callosal.pipelines.service.listener import Listener
from callosal.pipelines.service.spool import open_spool
from tests.archive.stores import HOST, TITLE, store

PATIENCE_S = 60.0


class Committing:
    """An archive that reports on storage commitment as a test wants."""

    def __init__(self, status: int = 0) -> None:
        self.lost: set[str] = set()
        self.n_asked = 0
        self.port = self.callback = 0
        self.is_silent = False
        self.answers: list[int] = []
        self._status = status
        self._threads: list[threading.Thread] = []

    @contextmanager
    def serve(self) -> Iterator["Committing"]:
        ae = AE(TITLE)
        for sop_class in (*SENT_CLASSES, StorageCommitmentPushModel):
            ae.add_supported_context(sop_class, ExplicitVRLittleEndian)
        handlers = [(evt.EVT_C_STORE, lambda _: 0), (evt.EVT_N_ACTION, self._asked)]
        server = ae.start_server((HOST, 0), block=False, evt_handlers=handlers)
        self.port = int(server.server_address[1])
        try:
            yield self
        finally:
            for thread in self._threads:
                thread.join(PATIENCE_S)
            ae.shutdown()

    def _asked(self, event: Any) -> tuple[int, None]:
        self.n_asked += 1
        if not self._status and not self.is_silent:
            asked = event.action_information
            if not self.callback:
                # Its thread is held once this is answered: else it may take the answer to the
                # report, which another thread waits for.
                event.assoc._reactor_checkpoint.clear()
            thread = threading.Thread(target=self._report, args=(event.assoc, asked), daemon=True)
            self._threads.append(thread)
            thread.start()
        return self._status, None

    def _report(self, association: Any, asked: Dataset) -> None:
        report = Dataset()
        report.TransactionUID = asked.TransactionUID
        items = list(asked.ReferencedSOPSequence)
        lost = [one for one in items if one.ReferencedSOPInstanceUID in self.lost]
        report.ReferencedSOPSequence = [one for one in items if one not in lost]
        for one in lost:
            one.FailureReason = 0x0112
        if lost:
            report.FailedSOPSequence = lost
        if self.callback:
            ae = AE(TITLE)
            ae.add_requested_context(StorageCommitmentPushModel)
            role = build_role(StorageCommitmentPushModel, scp_role=True)
            association = ae.associate(HOST, self.callback, ae_title="ME", ext_neg=[role])
        status, _ = association.send_n_event_report(
            report, 2 if lost else 1, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
        )
        self.answers.append(status.Status)
        if self.callback:
            association.release()


def _lost(
    made: Committing, objects: tuple[OutgoingObject, ...], commitments: Commitments, times: int = 1
) -> list[frozenset[str] | None]:
    """What is known to be lost, asked over one association."""
    archive = StoreArchive(Node(TITLE, HOST, made.port), "ME", Tls(), commitments)
    with archive.connect() as link:
        for item in objects:
            link.send(item)
        return [link.lost(objects) for _ in range(times)]


def test_a_promise_and_a_loss_over_the_association_that_asked(
    objects: tuple[OutgoingObject, ...],
) -> None:
    with Committing().serve() as made:
        assert _lost(made, objects, Commitments(PATIENCE_S)) == [frozenset()]
        made.lost = {objects[1].sop_instance_uid}
        assert _lost(made, objects, Commitments(PATIENCE_S)) == [frozenset(made.lost)]
    assert made.answers == [0] * 2


class SlowToReply(Commitments):
    """Knows a report some time before its answer leaves."""

    def take(self, event: Any) -> tuple[int, None]:
        status = super().take(event)
        time.sleep(0.2)
        return status


def test_an_association_is_released_after_the_report_is_answered(
    objects: tuple[OutgoingObject, ...],
) -> None:
    with Committing().serve() as made:
        assert _lost(made, objects, SlowToReply(PATIENCE_S)) == [frozenset()]
    assert made.answers == [0]


def test_reports_come_to_the_listener_over_another_association(
    objects: tuple[OutgoingObject, ...], tmp_path: Path
) -> None:
    commitments, told = Commitments(PATIENCE_S), list[str]()
    (tmp_path / "out").mkdir()
    with open_spool(tmp_path / "spool", tmp_path / "out", 10**9) as spool:
        admission = Admission.of([TITLE], None, HOST)
        listener = Listener(spool, admission, Limits(), told.append, commitments)
        try:
            with Committing().serve() as made:
                made.callback = listener.start(HOST, 0, "ME")
                made.lost = {objects[0].sop_instance_uid}
                assert _lost(made, objects, commitments, 2) == [frozenset(made.lost)] * 2
        finally:
            listener.stop()
    assert made.answers == [0, 0]
    assert told == []


def test_who_gives_no_report_is_asked_three_times(objects: tuple[OutgoingObject, ...]) -> None:
    with Committing().serve() as made:
        made.is_silent = True
        assert _lost(made, objects, Commitments(answer_s=0.05), 5) == [None] * 5
    assert made.n_asked == 3
    with Committing(status=0x0110).serve() as made:
        assert _lost(made, objects, Commitments(PATIENCE_S)) == [None]


def test_who_does_not_offer_it_is_not_asked(objects: tuple[OutgoingObject, ...]) -> None:
    with store() as made, StoreArchive(made.node, "ME").connect() as link:
        link.send(objects[0])
        assert link.lost(objects) is None


def test_reports_that_nobody_waits_for_are_refused() -> None:
    report = Dataset()
    report.TransactionUID = "2.25.1"
    assert Commitments().take(SimpleNamespace(event_information=report)) == (0x0110, None)
    assert Commitments().take(SimpleNamespace(event_information=Dataset())) == (0x0110, None)
