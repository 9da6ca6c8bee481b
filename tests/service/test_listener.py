"""A node on this machine's loopback, with senders as they should be and as they should not."""

import copy
import logging
import os
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("pynetdicom", reason="receiving needs the extra `pacs`")

from pydicom import dcmread
from pydicom.uid import CTImageStorage, DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian

from callosal.pipelines.archive.tls import Tls
from callosal.pipelines.dicom.transfer_syntaxes import transfer_syntaxes
from callosal.pipelines.service.limits import Limits
from callosal.pipelines.service.listener import (
    CANNOT_UNDERSTAND,
    DUPLICATE_INSTANCE,
    INVALID_INSTANCE,
    OUT_OF_RESOURCES,
    SUCCESS,
    WRONG_CLASS,
)
from tests.archive.certificates import make_authority, tls_of
from tests.dicom.make_series import SeriesRecipe, make_enhanced, make_series
from tests.service.sender import HOST, SENDER, Node, connect, is_closed, node, part, raw, send

PATIENT = "Secret^Marker"
SLICES = make_series(SeriesRecipe(n_slices=4, tags={"PatientName": PATIENT, "PatientID": PATIENT}))
BIG = make_series(SeriesRecipe(n_slices=3, rows=400, columns=400, number=2))  # 320 kB each


def _wait_for(what: object, seconds: float = 60.0) -> None:
    """Wait until a condition holds: an association ends a moment after the sender's answer."""
    assert callable(what)
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Node]:
    with node(tmp_path / "spool") as made:
        yield made


def test_images_arrive_as_they_were_and_are_shown_when_the_association_ends(
    receiver: Node,
) -> None:
    association = connect(receiver.port)
    for ds in SLICES:
        assert association.send_c_store(ds).Status == SUCCESS
    assert receiver.received() == [], "the association still lasts"
    association.release()
    _wait_for(lambda: len(receiver.received()) == len(SLICES))
    assert receiver.partial() == []
    read = {ds.SOPInstanceUID: ds for ds in map(dcmread, receiver.received())}
    for ds in SLICES:
        assert read[ds.SOPInstanceUID].PixelData == ds.PixelData
        assert read[ds.SOPInstanceUID].PatientName == PATIENT
    _wait_for(lambda: receiver.told)
    assert receiver.told == [f"'{SENDER}' at {HOST}: 4 objects received, 0 refused"]


def test_echo_is_answered(receiver: Node) -> None:
    association = connect(receiver.port)
    assert association.send_c_echo().Status == SUCCESS
    association.release()


def test_names_and_modes_tell_nothing_and_let_nobody_in(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    before = os.umask(0)
    try:
        with caplog.at_level(logging.DEBUG), node(tmp_path / "spool") as receiver:
            send(receiver.port, SLICES)
            _wait_for(lambda: len(receiver.received()) == len(SLICES))
    finally:
        os.umask(before)
    root = tmp_path / "spool"
    for path in [root, *root.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path.name
        assert PATIENT not in path.name
        assert not any(str(ds.SOPInstanceUID) in path.name for ds in SLICES)
    told = "\n".join([*receiver.told, caplog.text, *capfd.readouterr()])
    assert PATIENT not in told
    assert str(SLICES[0].SOPInstanceUID) not in told


def test_an_image_that_is_sent_again_stays_one_and_untouched(receiver: Node) -> None:
    send(receiver.port, SLICES)
    _wait_for(lambda: len(receiver.received()) == len(SLICES))
    before = [(path, path.stat().st_mtime_ns) for path in receiver.received()]
    used = receiver.spool.used_bytes
    assert used == sum(path.stat().st_size for path in receiver.received())
    assert send(receiver.port, [*SLICES, SLICES[0]]) == [SUCCESS] * 5
    _wait_for(lambda: len(receiver.told) == 2)
    assert [(path, path.stat().st_mtime_ns) for path in receiver.received()] == before
    assert receiver.spool.used_bytes == used


@pytest.mark.parametrize("is_one_visit", [True, False])
def test_other_images_under_a_known_uid_are_refused_and_told(
    receiver: Node, is_one_visit: bool
) -> None:
    other = copy.deepcopy(SLICES[1])
    other.SOPInstanceUID = SLICES[0].SOPInstanceUID
    if is_one_visit:
        assert send(receiver.port, [SLICES[0], other, other]) == [
            SUCCESS,
            *[DUPLICATE_INSTANCE] * 2,
        ]
    else:
        assert send(receiver.port, [SLICES[0]]) == [SUCCESS]
        _wait_for(lambda: len(receiver.received()) == 1)
        assert send(receiver.port, [other, other]) == [DUPLICATE_INSTANCE] * 2
    _wait_for(lambda: len(receiver.received()) == 1)
    told = [line for line in receiver.told if "same SOPInstanceUID" in line]
    assert len(told) == 1
    assert str(SLICES[0].SOPInstanceUID) not in told[0]


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
def test_a_uid_with_leading_zeros_is_taken_as_infer_takes_it(receiver: Node) -> None:
    image = copy.deepcopy(SLICES[0])
    image.SOPInstanceUID = "1.2.003.0004"
    assert send(receiver.port, [image]) == [SUCCESS]


@pytest.mark.parametrize(
    ("calling", "called", "why"),
    [("STRANGER", "CALLOSAL", "its AE title is not in --allow-ae"),
     (SENDER, "ARCHIVE", "it called 'ARCHIVE'; this node is 'CALLOSAL' (--aet)")],
)  # fmt: skip
def test_a_wrong_title_is_rejected(calling: str, called: str, why: str, receiver: Node) -> None:
    association = connect(receiver.port, calling=calling, called=called)
    assert association.is_rejected
    _wait_for(lambda: receiver.told)
    assert receiver.told == [f"rejected {calling!r} at {HOST}: {why}"]


def test_a_wrong_host_is_cut_off_unheard(tmp_path: Path) -> None:
    with node(tmp_path / "spool", hosts=["10.255.255.1"]) as receiver:
        association = connect(receiver.port)
        assert not association.is_established
        _wait_for(lambda: receiver.told)
        assert "not in --allow-host" in receiver.told[0]
        assert receiver.received() == receiver.partial() == []


def test_only_mr_in_syntaxes_that_can_be_read_is_taken(receiver: Node) -> None:
    for sop_class, syntax in ((CTImageStorage, ImplicitVRLittleEndian),
                              (SLICES[0].SOPClassUID, DeflatedExplicitVRLittleEndian)):  # fmt: skip
        association = connect(receiver.port, sop_class=sop_class, syntaxes=[syntax])
        assert [context.abstract_syntax for context in association.rejected_contexts] == [sop_class]
        association.release()
    _wait_for(lambda: len(receiver.told) == 2)
    assert "offers only what is not taken here: CT Image Storage; taken are MR" in receiver.told[0]
    assert DeflatedExplicitVRLittleEndian not in transfer_syntaxes()
    assert len(transfer_syntaxes()) > 10


def test_multi_frame_images_are_taken(receiver: Node) -> None:
    image = make_enhanced(SeriesRecipe(n_slices=4))
    association = connect(receiver.port, sop_class=image.SOPClassUID)
    assert association.send_c_store(image).Status == SUCCESS
    association.release()


def test_an_object_that_is_too_big_is_refused_and_the_next_is_taken(tmp_path: Path) -> None:
    with node(tmp_path / "spool", Limits(object_mb=0.1)) as receiver:
        assert send(receiver.port, [BIG[0], SLICES[0], BIG[1]]) == [
            OUT_OF_RESOURCES, SUCCESS, OUT_OF_RESOURCES,
        ]  # fmt: skip
        _wait_for(lambda: len(receiver.told) == 2)
        assert "too big" in receiver.told[0]
        assert receiver.told[-1].endswith("1 objects received, 2 refused")
        assert len(receiver.received()) == 1


def test_an_object_without_an_end_is_cut_off(tmp_path: Path) -> None:
    with node(tmp_path / "spool", Limits(object_mb=0.03)) as receiver:
        assert send(receiver.port, BIG[:1]) == [None]
        _wait_for(lambda: receiver.told)
        assert "an object without an end" in receiver.told[0]
        assert receiver.received() == receiver.partial() == []


def test_more_objects_than_agreed_are_refused(tmp_path: Path) -> None:
    with node(tmp_path / "spool", Limits(objects=3)) as receiver:
        assert send(receiver.port, SLICES) == [SUCCESS] * 3 + [OUT_OF_RESOURCES]


def test_a_full_spool_refuses_and_has_room_again(tmp_path: Path) -> None:
    with node(tmp_path / "spool", Limits(spool_gb=0.7e-3)) as receiver:
        assert send(receiver.port, BIG) == [SUCCESS, SUCCESS, OUT_OF_RESOURCES]
        _wait_for(lambda: len(receiver.received()) == 2)
        assert "the spool is full" in receiver.told[0]
        receiver.spool.remove(receiver.received()[0])
        assert send(receiver.port, [SLICES[0], BIG[2]]) == [SUCCESS, SUCCESS]


def test_a_disk_that_fails_refuses_and_leaves_nothing(
    receiver: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert send(receiver.port, SLICES[:2]) == [OUT_OF_RESOURCES] * 2
    assert receiver.partial() == receiver.received() == []
    assert receiver.spool.used_bytes == 0


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"AffectedSOPInstanceUID": "1.2.3.x"}, INVALID_INSTANCE),
        ({"AffectedSOPClassUID": CTImageStorage}, WRONG_CLASS),
        ({"DataSet": b""}, CANNOT_UNDERSTAND),
    ],
)
def test_what_cannot_be_filed_is_refused(
    change: dict[str, object], status: int, receiver: Node
) -> None:
    """Whatever pynetdicom lets through of a request that lies about itself."""
    from io import BytesIO
    from types import SimpleNamespace

    association = connect(receiver.port)
    (theirs,) = receiver.listener._visits.associations
    request = {"AffectedSOPInstanceUID": "1.2.3", "AffectedSOPClassUID": SLICES[0].SOPClassUID,
               "DataSet": b"data", **change}  # fmt: skip
    request["DataSet"] = BytesIO(request["DataSet"])  # type: ignore[arg-type]
    context = SimpleNamespace(abstract_syntax=SLICES[0].SOPClassUID)
    event = SimpleNamespace(assoc=theirs, request=SimpleNamespace(**request), context=context)
    assert receiver.listener._store(event) == status
    assert receiver.told[-1].startswith("refusing")
    association.abort()


def test_an_association_that_breaks_leaves_no_partial_file_and_keeps_what_was_answered(
    receiver: Node,
) -> None:
    association = connect(receiver.port)
    assert association.send_c_store(SLICES[0]).Status == SUCCESS
    link = association.dul.socket.socket
    # The head of a second image, and the line goes dead.
    link.sendall(part(4, 5000, b"\x00\x00\x10\x00\x01\x03" + b"\x00" * 500))
    link.shutdown(socket.SHUT_RDWR)
    _wait_for(lambda: receiver.told)
    assert "1 objects received, 0 refused; the association broke" in receiver.told[0]
    assert receiver.received() == []
    (kept,) = receiver.partial()
    assert dcmread(kept).SOPInstanceUID == SLICES[0].SOPInstanceUID
    association.kill()
    # The sender sends the whole series again: then all of it is there, once.
    assert send(receiver.port, SLICES) == [SUCCESS] * len(SLICES)
    _wait_for(lambda: len(receiver.received()) == len(SLICES) and not receiver.partial())
    sizes = sum(path.stat().st_size for path in receiver.received())
    assert receiver.spool.used_bytes == sizes


def test_a_fault_of_the_library_ends_the_association_without_a_traceback(
    receiver: Node, capfd: pytest.CaptureFixture[str]
) -> None:
    association = connect(receiver.port)
    assert association.send_c_store(SLICES[0]).Status == SUCCESS
    (visit,) = receiver.associations()
    # An event that the protocol has no rule for, such as an answer after bytes that are no message.
    visit.dul.event_queue.put("Evt1")
    _wait_for(lambda: len(receiver.told) == 2)
    assert receiver.told[0].endswith("the association ended by a fault (InvalidEventError)")
    assert "1 objects received, 0 refused; the association broke" in receiver.told[1]
    assert receiver.associations() == []
    assert len(receiver.partial()) == 1, "what was acknowledged is kept"
    _wait_for(lambda: not visit.is_alive())
    assert "Traceback" not in capfd.readouterr().err
    association.kill()


def test_an_association_that_the_library_left_silently_is_ended(receiver: Node) -> None:
    association = connect(receiver.port)
    assert association.send_c_store(SLICES[0]).Status == SUCCESS
    (visit,) = receiver.associations()
    receiver.listener.end_lost()
    assert receiver.associations() == [visit], "it lasts"
    visit.dul.kill_dul()
    _wait_for(lambda: not visit.is_alive() and not visit.dul.is_alive())
    assert receiver.associations() == [visit]
    receiver.listener.end_lost()
    assert receiver.associations() == []
    assert "1 objects received" in receiver.told[0]
    association.abort()


def test_faults_of_other_threads_are_left_to_others(
    receiver: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[type[BaseException]] = []
    monkeypatch.setattr(
        receiver.listener, "_hook_before", lambda fault: seen.append(fault.exc_type)
    )
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    assert seen == [ZeroDivisionError]
    assert receiver.told == []


def test_what_a_killed_node_had_acknowledged_is_there_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with node(tmp_path / "spool") as receiver:
        inbox = receiver.spool.open_inbox()
        inbox.store(SENDER, "a" * 40 + ".dcm", [b"whole"])
        folder = next(receiver.spool.incoming.iterdir())
        (folder / "b.dcm.part").write_bytes(b"half")
    with node(tmp_path / "spool") as receiver:
        receiver.spool.admit_overdue()
        assert receiver.received() == [], "its sender may be about to send the rest"
        assert [path.name for path in receiver.partial()] == ["a" * 40 + ".dcm"]
        monkeypatch.setattr("callosal.pipelines.service.interrupted.HOLD_S", 0.0)
        receiver.spool.admit_overdue()
        assert [path.read_bytes() for path in receiver.received()] == [b"whole"]
        assert list(receiver.spool.incoming.iterdir()) == []
        assert receiver.spool.used_bytes == 5


@pytest.mark.parametrize("declared", [0xFFFFFFFF, 1 << 21])
def test_a_part_of_impossible_length_is_not_read(declared: int, receiver: Node) -> None:
    with raw(receiver.port) as connection:
        connection.sendall(part(1, declared, b"\x00" * 1000))
        assert is_closed(connection)
    _wait_for(lambda: receiver.told)
    assert "impossible length" in receiver.told[0]


def test_a_sender_that_says_too_little_too_slowly_is_cut_off(tmp_path: Path) -> None:
    with node(tmp_path / "spool", Limits(idle_s=1.0)) as receiver:
        with raw(receiver.port) as connection:
            connection.sendall(part(1, 1000, b"\x00"))
            began = time.monotonic()
            assert is_closed(connection)
            assert time.monotonic() - began < Limits().idle_s / 2
        with raw(receiver.port) as connection:
            assert is_closed(connection), "not a word"


def test_associations_and_connections_are_counted(tmp_path: Path) -> None:
    with node(tmp_path / "spool", Limits(associations=1)) as receiver:
        first = connect(receiver.port)
        assert first.is_established
        assert connect(receiver.port).is_rejected
        _wait_for(lambda: receiver.told)
        assert "1 associations are open already (--limits.associations)" in receiver.told[0]
        idle = [socket.create_connection((HOST, receiver.port)) for _ in range(6)]
        _wait_for(lambda: len(receiver.listener._visits.associations) >= 6)
        last = socket.create_connection((HOST, receiver.port), timeout=60)
        last.sendall(part(1, 1000, b"\x00" * 1000))
        assert is_closed(last)
        _wait_for(lambda: any("too many connections" in line for line in receiver.told))
        for connection in [*idle, last]:
            connection.close()
        first.release()


def _send_again_and_again(link: socket.socket, message: bytes) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        link.sendall(message)
        time.sleep(0.02)


def test_requests_without_waiting_for_answers_are_cut_off(
    receiver: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An answer that takes long, while the sender goes on and on.
    is_over = threading.Event()
    monkeypatch.setattr(receiver.spool, "take_room", lambda _: is_over.wait(60.0))
    association = connect(receiver.port)
    link = association.dul.socket.socket
    sent: list[bytes] = []
    monkeypatch.setattr(association.dul.socket, "send", sent.append)
    threading.Thread(target=association.send_c_store, args=[SLICES[0]], daemon=True).start()
    # A data set's last part: bit 1 of the message control header, and not bit 0.
    _wait_for(lambda: sent and sent[-1][11] & 3 == 2)
    message = b"".join(sent)
    with pytest.raises(ConnectionError):
        _send_again_and_again(link, message)
    # What ended the association is told once its handler is back.
    is_over.set()
    _wait_for(lambda: receiver.told)
    assert "without waiting" in receiver.told[0]
    association.kill()


def test_a_flood_is_slowed_down_to_the_rate(tmp_path: Path) -> None:
    # 3 x 320 kB at 400 kB/s, of which a second's worth may come at once.
    with node(tmp_path / "spool", Limits(mb_per_s=0.4)) as receiver:
        began = time.monotonic()
        assert send(receiver.port, BIG) == [SUCCESS] * 3
        assert time.monotonic() - began > 1.2
        assert send(receiver.port, BIG[:1]) == [SUCCESS]
        assert time.monotonic() - began > 2.0, "a new association is no way round"


def test_with_tls_a_plain_or_silent_sender_and_a_wrong_certificate_hold_nothing_up(
    tmp_path: Path,
) -> None:
    make_authority(tmp_path / "ours")
    make_authority(tmp_path / "theirs")
    context = tls_of(tmp_path / "ours", "server").server_context("--tls")
    with node(tmp_path / "spool", Limits(idle_s=20), context=context) as receiver:
        silent = socket.create_connection((HOST, receiver.port))
        assert not connect(receiver.port).is_established
        stranger = tls_of(tmp_path / "theirs", "client")
        client = Tls(tmp_path / "ours" / "ca.pem", stranger.certificate, stranger.key)
        assert not connect(receiver.port, tls=client.client_context("--tls")).is_established
        good = tls_of(tmp_path / "ours", "client").client_context("--tls")
        assert send(receiver.port, SLICES, good) == [SUCCESS] * len(SLICES)
        _wait_for(lambda: len(receiver.received()) == len(SLICES))
        _wait_for(lambda: sum("TLS: " in line for line in receiver.told) == 2)
        silent.close()
        _wait_for(lambda: not receiver.listener._visits.associations)
