"""Parts of series whose association broke."""

from pathlib import Path

from callosal.pipelines.service.interrupted import HOLD_S, Interrupted
from tests.service.test_arrivals import Clock


def test_they_wait_for_their_own_sender_and_not_without_end(tmp_path: Path) -> None:
    clock = Clock()
    ours, theirs, late = (tmp_path / name for name in ("aa-1", "bb-1", "aa-2"))
    ours.mkdir()
    held = Interrupted(tmp_path, clock)
    clock.now += HOLD_S - 1
    held.add(theirs)
    held.add(late)
    assert held.take_overdue() == []
    held.wait_on("aa")
    clock.now += 2
    assert held.take_overdue() == []
    assert held.take("cc") == []
    assert held.take("aa") == [ours, late]
    assert held.take("aa") == []
    clock.now += HOLD_S
    assert held.take_overdue() == [theirs]
    assert held.take_overdue() == []
