import os
import threading
from pathlib import Path

import pytest

from callosal.models.errors import InputError, OutputError
from callosal.pipelines.service.arrivals import Arrivals
from callosal.pipelines.service.retention import Retention
from callosal.pipelines.service.spool import OtherContent, Spool, SpoolFull, open_spool
from tests.dicom.make_series import SeriesRecipe, make_series, write_slices
from tests.service.test_arrivals import QUIET_S, Clock


@pytest.mark.parametrize("place", ["out", "out/spool", "."])
def test_images_and_results_are_kept_apart(place: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught, open_spool(tmp_path / place, tmp_path / "out", 10**6):
        pass
    assert caught.value.code == "spool_in_output"


def test_two_listeners_cannot_share_a_spool(tmp_path: Path) -> None:
    with open_spool(tmp_path / "spool", tmp_path / "out", 10**6):
        with (
            pytest.raises(OutputError) as caught,
            open_spool(tmp_path / "spool", tmp_path / "o", 1),
        ):
            pass
        assert caught.value.code == "output_in_use"


def test_names_are_salted_and_differ_by_sender(tmp_path: Path) -> None:
    first, second = Spool(tmp_path / "a", 10), Spool(tmp_path / "b", 10)
    names = {first.name_of("A", "1.2.3"), first.name_of("B", "1.2.3"), second.name_of("A", "1.2.3")}
    assert len(names) == 3
    assert first.name_of("A", "1.2.3") == Spool(tmp_path / "a", 10).name_of("A", "1.2.3")


def test_what_does_not_fit_leaves_no_trace(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", 10)
    inbox = spool.open_inbox()
    inbox.store("A", "a.dcm", [b"12345", memoryview(b"678")])
    with pytest.raises(SpoolFull):
        inbox.store("A", "b.dcm", [b"123"])
    assert spool.used_bytes == 8
    inbox.store("A", "a.dcm", [b"1234", b"5678"])
    assert spool.used_bytes == 8, "sent again within one association"
    for other in (b"12", b"12345679", b"123456789"):
        with pytest.raises(OtherContent):
            inbox.store("A", "a.dcm", [other])
    assert spool.used_bytes == 8
    inbox.close(is_whole=True)
    inbox.close(is_whole=True)
    assert [path.name for path in spool.received.rglob("*.dcm")] == ["a.dcm"]
    with pytest.raises(OSError, match="has ended"):
        inbox.store("A", "c.dcm", [b"1"])
    assert list(spool.incoming.iterdir()) == []


def test_two_associations_cannot_store_two_contents_under_one_name(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", 100)
    first, second = spool.open_inbox(), spool.open_inbox()
    first.store("A", "a.dcm", [b"1234"])
    with pytest.raises(OtherContent):
        second.store("A", "a.dcm", [b"5678"])
    second.store("A", "a.dcm", [b"12", b"34"])
    first.close(is_whole=True)
    with pytest.raises(OtherContent):
        spool.open_inbox().store("A", "a.dcm", [b"5678"])
    second.close(is_whole=True)
    (kept,) = spool.received.rglob("*.dcm")
    assert kept.read_bytes() == b"1234"
    assert spool.used_bytes == 4


def test_a_slower_association_is_refused_when_its_object_is_written(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", 100)
    spool.open_inbox().store("A", "a.dcm", [b"1234"])
    partial = tmp_path / "b.part"
    partial.write_bytes(b"5678")
    with pytest.raises(OtherContent):
        spool.settle(partial, tmp_path / "a.dcm", [b"5678"])


@pytest.mark.parametrize("hours", [None, 0.0, 2.0])
def test_objects_stay_as_long_as_asked_for(hours: float | None, tmp_path: Path) -> None:
    spool, clock = Spool(tmp_path / "spool", 10**9), Clock()
    paths = write_slices(spool.received, make_series(SeriesRecipe(3)))
    spool.used_bytes = sum(path.stat().st_size for path in paths)
    arrivals, retention = Arrivals(spool.received, QUIET_S, clock), Retention(spool, hours, clock)
    arrivals.look()
    clock.now += QUIET_S
    arrivals.look()
    retention.note(arrivals.take(100))
    clock.now += 7199
    retention.sweep(arrivals)
    assert all(path.exists() for path in paths) == (hours != 0.0)
    clock.now += 2
    retention.sweep(arrivals)
    assert any(path.exists() for path in paths) == (hours is None)
    assert (spool.used_bytes == 0) == (hours is not None)


def test_nothing_is_deleted_of_a_series_of_which_more_has_come(tmp_path: Path) -> None:
    spool, clock = Spool(tmp_path / "spool", 10**9), Clock()
    series = make_series(SeriesRecipe(4))
    paths = write_slices(spool.received, series[:3])
    arrivals, retention = Arrivals(spool.received, QUIET_S, clock), Retention(spool, 1.0, clock)
    arrivals.look()
    clock.now += QUIET_S
    retention.note(arrivals.take(100))
    series[3].save_as(spool.received / "late", enforce_file_format=True)
    os.utime(paths[0], (1, 1))
    clock.now += 3601
    arrivals.look()
    retention.sweep(arrivals)
    assert all(path.exists() for path in paths)


def test_a_look_never_comes_between_the_objects_of_an_association(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", 10**6)
    folder = spool.folder_of("A")
    folder.mkdir()
    for name in ("a.dcm", "b.dcm"):
        (folder / name).write_bytes(b"x")
    arrivals = Arrivals(spool.received, QUIET_S, Clock(), still=spool.moving)
    waiting = [
        threading.Thread(target=spool.admit_all, args=(folder, "A")),
        threading.Thread(target=arrivals.look),
    ]
    with spool.moving:
        for thread in waiting:
            thread.start()
        waiting[0].join(0.1)
        assert all(thread.is_alive() for thread in waiting)
        assert len(list(folder.iterdir())) == 2
    for thread in waiting:
        thread.join(10)
    assert len(list(spool.received.rglob("*.dcm"))) == 2
