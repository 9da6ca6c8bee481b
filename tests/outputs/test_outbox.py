"""The outbox: what waits, what was sent, and that nothing of it is lost."""

import json
from pathlib import Path

import pytest

from callosal.models.errors import OutputError
from callosal.pipelines.outputs.outbox import open_outbox, sending_states

A, B = "A@10.0.0.1:104", "B@10.0.0.2:104"


def _waiting(output: Path, destination: str = A) -> list[str]:
    with open_outbox(output, destination) as outbox:
        return [case.case_id for case in outbox.waiting()]


def test_the_order_is_that_of_putting_and_a_new_version_goes_last(tmp_path: Path) -> None:
    with open_outbox(tmp_path, A) as outbox:
        for name in ("c", "a", "b"):
            outbox.put(name, "1")
        outbox.put("c", "2")
        assert outbox.versions() == {"c": "2", "a": "1", "b": "1"}
    assert _waiting(tmp_path) == ["a", "b", "c"]
    assert _waiting(tmp_path, B) == []


def test_a_case_that_is_put_again_while_it_is_sent_goes_on_waiting(tmp_path: Path) -> None:
    with open_outbox(tmp_path, A) as outbox:
        outbox.put("a", "1")
        (case,) = outbox.waiting()
        outbox.put("a", "2")
        outbox.settle(case, "sent")
        assert outbox.counts() == {"waiting": 1}


def test_what_was_sent_is_known_after_a_restart_for_its_archive_alone(tmp_path: Path) -> None:
    with open_outbox(tmp_path, A) as outbox:
        outbox.note_sent("1.2.3")
        outbox.note_sent("1.2.3")
    with open_outbox(tmp_path, A) as outbox, open_outbox(tmp_path, B) as other:
        assert outbox.is_sent("1.2.3")
        assert not outbox.is_sent("1.2.4")
        assert not other.is_sent("1.2.3")
        outbox.forget()
        assert not outbox.is_sent("1.2.3")


def test_refused_objects_are_kept_with_the_reason_until_they_are_sent(tmp_path: Path) -> None:
    with open_outbox(tmp_path, A) as outbox:
        outbox.put("a", "1")
        (case,) = outbox.waiting()
        outbox.note_refusal(case, "status A900")
        assert outbox.waiting()[0].attempts == 1
        outbox.keep_refused("a", {"seg.dcm": b"x"}, "status A900")
        outbox.settle(case, "refused", "status A900")
        (folder,) = (tmp_path / "outbox" / "refused").glob("*/a")
        assert (folder / "seg.dcm").read_bytes() == b"x"
        told = json.loads((folder / "reason.json").read_text())
        assert told == {"case_id": "a", "destination": A, "reason": "status A900"}
        assert sending_states(tmp_path) == {"a": ("refused", "status A900")}
        outbox.try_refused_again()
        assert outbox.waiting()[0].attempts == 0
        outbox.drop_refused("a")
        assert not folder.exists()


def test_the_report_shows_the_archive_that_is_furthest_behind(tmp_path: Path) -> None:
    assert sending_states(tmp_path) == {}
    for destination, state in ((A, "sent"), (B, "waiting")):
        with open_outbox(tmp_path, destination) as outbox:
            outbox.put("a", "1")
            outbox.settle(outbox.waiting()[0], state)
    assert sending_states(tmp_path) == {"a": ("waiting", "")}


def test_others_cannot_look_into_it_and_a_broken_one_is_told(tmp_path: Path) -> None:
    with open_outbox(tmp_path, A):
        pass
    assert (tmp_path / "outbox").stat().st_mode & 0o777 == 0o700
    (tmp_path / "outbox" / "queue.sqlite").write_bytes(b"no database, for sure" * 99)
    with pytest.raises(OutputError, match="move it away") as caught, open_outbox(tmp_path, A):
        pass
    assert caught.value.code == "outbox_broken"
    assert sending_states(tmp_path) == {}
