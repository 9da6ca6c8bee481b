"""What waits is sent: in order, once, whatever the archive does meanwhile."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from callosal.pipelines.archive.faults import Refused, Unreachable
from callosal.pipelines.archive.outgoing import OutgoingObject
from callosal.pipelines.archive.sender import Patience, Sender
from callosal.pipelines.outputs.outbox import open_outbox, sending_states
from tests.archive.stores import write_finished

FOREVER = float("inf")


class MadeArchive:
    """An archive that does what a test wants."""

    def __init__(self) -> None:
        self.came: list[str] = []
        self.faults: dict[str, list[Exception]] = {}
        self.away = 0
        self.n_connections = 0
        self.is_open = True
        self.keeps: set[str] | None = None

    def __str__(self) -> str:
        return "ARCHIVE@127.0.0.1:104"

    @contextmanager
    def connect(self) -> Iterator["MadeArchive"]:
        if self.away:
            self.away -= 1
            raise Unreachable("connection refused")
        self.n_connections += 1
        self.is_open = True
        yield self

    def send(self, outgoing: OutgoingObject) -> None:
        faults = self.faults.get(outgoing.sop_instance_uid)
        if faults:
            fault = faults.pop(0)
            self.is_open = not isinstance(fault, BrokenPipeError)
            raise Refused("the association was aborted") if not self.is_open else fault
        self.came.append(outgoing.sop_instance_uid)

    def lost(self, objects: Sequence[OutgoingObject]) -> frozenset[str] | None:
        if self.keeps is None:
            return None
        return frozenset(one.sop_instance_uid for one in objects) - self.keeps


class Desk:
    """A sender with a clock of its own."""

    def __init__(self, output: Path, archive: MadeArchive, patience: Patience) -> None:
        self.now = 0.0
        self.told: list[str] = []
        self.output, self.archive, self.patience = output, archive, patience

    def turn(self, later_s: float = 0.0) -> float:
        """One look and one sending, as after a restart of the process."""
        with open_outbox(self.output, str(self.archive)) as outbox:
            sender = Sender(self.output, outbox, self.archive, self.told.append, self.patience,
                            lambda: self.now)  # fmt: skip
            sender.find_work()
            due_s = sender.send_due(lambda: False)
            for _ in range(99):
                if due_s == FOREVER or self.now + due_s > later_s:
                    break
                self.now += due_s
                due_s = sender.send_due(lambda: False)
            return due_s

    def counts(self) -> dict[str, int]:
        with open_outbox(self.output, str(self.archive)) as outbox:
            return outbox.counts()


@pytest.fixture
def archive() -> MadeArchive:
    return MadeArchive()


@pytest.fixture
def desk(tmp_path: Path, archive: MadeArchive) -> Desk:
    return Desk(tmp_path, archive, Patience(1.0, 60.0, tries=3))


def test_everything_is_sent_once_in_order_over_one_connection(
    desk: Desk, archive: MadeArchive
) -> None:
    sent = [uid for number in range(5) for uid in write_finished(desk.output, number)]
    assert desk.turn() == FOREVER
    assert archive.came == sent
    assert archive.n_connections == 1
    assert desk.turn() == FOREVER
    assert archive.came == sent
    assert archive.n_connections == 1
    late = list(write_finished(desk.output, 7))
    desk.turn()
    assert archive.came == sent + late
    assert desk.told[-1] == "case-0007: 2 objects sent to ARCHIVE@127.0.0.1:104"


def test_an_archive_that_is_away_for_long_is_tried_ever_more_rarely_and_loses_nothing(
    desk: Desk, archive: MadeArchive
) -> None:
    sent = list(write_finished(desk.output, 1))
    archive.away = 70
    assert desk.turn(later_s=10.0) > 0
    assert desk.counts() == {"waiting": 1}
    assert "connection refused; 1 cases wait, the next try in 1 s" in desk.told[0]
    desk.turn(later_s=5 * 3600.0)
    assert archive.came == sent
    assert 70 < len(desk.told) <= 72


def test_a_line_that_breaks_in_a_case_is_taken_up_at_the_object(
    desk: Desk, archive: MadeArchive
) -> None:
    first, second = write_finished(desk.output, 1)
    other = list(write_finished(desk.output, 2))
    archive.faults[second] = [BrokenPipeError()]
    assert desk.turn() > 0
    assert archive.came == [first, *other]
    assert archive.n_connections == 2
    desk.turn(later_s=10.0)
    assert archive.came == [first, *other, second]


def test_a_refused_object_holds_its_study_back_and_no_other(
    desk: Desk, archive: MadeArchive
) -> None:
    first, _ = write_finished(desk.output, 1, study=8)
    write_finished(desk.output, 2, study=8)
    other = list(write_finished(desk.output, 3))
    archive.faults[first] = [Refused("status C000")]
    desk.turn()
    assert archive.came == other
    desk.turn(later_s=100.0)
    assert len(archive.came) == 6
    assert archive.came[2] == first
    assert sending_states(desk.output) == {f"case-000{n}": ("sent", "") for n in (1, 2, 3)}


def test_what_an_archive_does_not_keep_is_sent_again(desk: Desk, archive: MadeArchive) -> None:
    first, second = write_finished(desk.output, 1)
    archive.keeps = {first}
    assert desk.turn() > 0
    assert archive.came == [first, second]
    assert "1 of 2 objects were taken and are not kept" in desk.told[-1]
    archive.keeps = {first, second}
    desk.turn(later_s=60.0)
    assert archive.came == [first, second, second]
    assert desk.told[-1].endswith("1 objects sent to ARCHIVE@127.0.0.1:104, which promises to "
                                  "keep them")  # fmt: skip
    assert desk.counts() == {"sent": 1}


def test_nothing_is_tried_without_pause(desk: Desk, archive: MadeArchive) -> None:
    first, _ = write_finished(desk.output, 1, study=8)
    write_finished(desk.output, 2, study=8)
    archive.faults[first] = [Refused("status C000")]
    assert desk.turn() > 0.5
    archive.faults[first] = [Refused("status C000")]
    assert desk.turn() > 0.5
    assert archive.came == []


def test_what_is_refused_again_and_again_is_put_aside_with_the_reason(
    desk: Desk, archive: MadeArchive
) -> None:
    (first, second), other = write_finished(desk.output, 1, study=8), write_finished(
        desk.output, 2, study=8)  # fmt: skip
    archive.faults[second] = [Refused("status A900")] * 3
    assert desk.turn(later_s=1000.0) == FOREVER
    assert archive.came == [first, *other]
    assert sending_states(desk.output)["case-0001"] == ("refused", "status A900")
    (folder,) = (desk.output / "outbox" / "refused").glob("*/case-0001")
    assert sorted(path.name for path in folder.iterdir()) == ["plan_sr.dcm", "reason.json"]
    assert json.loads((folder / "reason.json").read_text())["reason"] == "status A900"
    assert any("given up" in line and "status A900" in line for line in desk.told)
    with open_outbox(desk.output, str(archive)) as outbox:
        outbox.try_refused_again()
    desk.turn()
    assert archive.came[-1] == second
    assert not folder.exists()


def test_a_full_archive_keeps_everything_waiting(desk: Desk, archive: MadeArchive) -> None:
    first, second = write_finished(desk.output, 1)
    archive.faults[second] = [Unreachable("out of resources (status A700)")] * 50
    desk.turn(later_s=1200.0)
    assert desk.counts() == {"waiting": 1}
    desk.turn(later_s=5 * 3600.0)
    assert archive.came == [first, second]


def test_a_case_that_is_planned_again_is_sent_again_with_its_new_objects(
    desk: Desk, archive: MadeArchive
) -> None:
    old = list(write_finished(desk.output, 1))
    archive.away = 1
    desk.turn()
    new = list(write_finished(desk.output, 1, content=1))
    desk.turn(later_s=10.0)
    assert archive.came == new
    write_finished(desk.output, 1, content=1)
    desk.turn()
    assert archive.came == new, "the same objects are there already"
    assert old != new


def test_unfinished_broken_and_foreign_folders_send_nothing(
    desk: Desk, archive: MadeArchive
) -> None:
    write_finished(desk.output, 1)
    (desk.output / "cases" / "case-0001" / "done.json").unlink()
    write_finished(desk.output, 2)
    (desk.output / "cases" / "case-0002" / "seg.dcm").write_bytes(b"broken")
    (desk.output / "cases" / ".hidden").mkdir()
    assert desk.turn(later_s=100.0) == FOREVER
    assert archive.came == []
    assert sending_states(desk.output) == {"case-0002": ("refused", "bad_object")}
    write_finished(desk.output, 1)
    desk.turn()
    assert len(archive.came) == 2


def test_a_crash_between_the_archive_and_the_outbox_repeats_one_object_under_its_uid(
    desk: Desk, archive: MadeArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = write_finished(desk.output, 1)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("callosal.pipelines.outputs.outbox.Outbox.note_sent", killed)
        with pytest.raises(KeyboardInterrupt):
            desk.turn()
    desk.turn()
    assert archive.came == [first, first, second]
