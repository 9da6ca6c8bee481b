"""Parts of series whose association broke."""

from pathlib import Path

import pytest

from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.service.interrupted import HOLD_S, LONGEST_S, Interrupted, series_in
from callosal.pipelines.service.spool import Spool
from tests.service.test_arrivals import Clock


@pytest.fixture(scope="module")
def two_series(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], list[Path]]:
    folder = tmp_path_factory.mktemp("series")
    volume = phantom_head(1, (4, 16, 16), (2.0, 8.0, 8.0)).volume
    first, second = (
        write_mr_series(volume, folder / name, description="x", seed=seed)
        for seed, name in enumerate(("a", "b"))
    )
    return first, second


def filled(folder: Path, paths: list[Path]) -> Path:
    folder.mkdir(parents=True)
    for path in paths:
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def test_they_wait_for_their_own_series_and_sender(
    two_series: tuple[list[Path], list[Path]], tmp_path: Path
) -> None:
    first, second = two_series
    incoming = tmp_path / "incoming"
    killed = filled(incoming / "aa-1", first[:2])
    held = Interrupted(incoming, Clock())
    for name, paths in (("aa-2", first[1:3]), ("aa-3", second[:1]), ("bb-1", first[:1])):
        held.add(filled(incoming / name, paths))
    rest = filled(tmp_path / "rest", first[3:])
    assert held.take("cc", rest) == []
    assert held.take("aa", rest) == [killed, incoming / "aa-2"]
    assert held.take("aa", rest) == []
    assert held.take("aa", filled(tmp_path / "second", second)) == [incoming / "aa-3"]


def test_they_wait_while_their_sender_is_heard_but_not_without_end(tmp_path: Path) -> None:
    clock = Clock()
    start = clock.now
    ours, theirs = (tmp_path / name for name in ("aa-1", "bb-1"))
    ours.mkdir()
    held = Interrupted(tmp_path, clock)
    clock.now += HOLD_S - 1
    held.add(theirs)
    assert held.take_overdue() == []
    held.wait_on("aa")
    clock.now += 2
    assert held.take_overdue() == []
    clock.now += HOLD_S - 2
    held.wait_on("aa")
    assert held.take_overdue() == [theirs]
    while clock.now < start + LONGEST_S:
        held.wait_on("aa")
        clock.now += HOLD_S / 2
    assert held.take_overdue() == [ours]
    assert held.take_overdue() == []


def test_unreadable_objects_are_of_no_series(tmp_path: Path) -> None:
    (tmp_path / "x.dcm").write_bytes(b"x")
    assert series_in(tmp_path) == frozenset()


def test_another_series_of_the_sender_does_not_let_a_part_pass(
    two_series: tuple[list[Path], list[Path]], tmp_path: Path
) -> None:
    """Several senders behind one AE title: the good end of one is not that of another."""
    first, second = two_series
    spool = Spool(tmp_path / "spool", 10**8)

    def send(paths: list[Path], is_whole: bool) -> int:
        inbox = spool.open_inbox()
        for path in paths:
            name = spool.name_of("SCANNER", f"{path.parent.name}/{path.name}")
            inbox.store("SCANNER", name, [path.read_bytes()])
        inbox.close(is_whole)
        return len(list(spool.received.rglob("*.dcm")))

    assert send(first[:2], is_whole=False) == 0
    assert send(second, is_whole=True) == 4
    assert send(first[2:], is_whole=True) == 8
