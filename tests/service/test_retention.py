"""When received objects are deleted."""

from pathlib import Path
from typing import Any, cast

import pytest

from callosal.pipelines.dicom.tree import FileEntry
from callosal.pipelines.service.arrivals import Arrival
from callosal.pipelines.service.retention import Retention


class Around:
    """Spool, arrivals and clock of a service."""

    def __init__(self) -> None:
        self.now = 0.0
        self.busy: set[str] = set()
        self.removed: list[str] = []

    def __call__(self) -> float:
        return self.now

    def is_done(self, key: str) -> bool:
        return key not in self.busy

    def remove(self, path: Path) -> None:
        self.removed.append(path.name)


@pytest.fixture
def around() -> Around:
    return Around()


def _arrival(folder: Path, key: str, *others: str) -> Arrival:
    """A series, or several, of a file each."""
    entries = []
    for name in (key, *others):
        path = folder / name
        path.write_bytes(b"x")
        info = path.stat()
        entries.append(FileEntry(str(path), name, info.st_size, info.st_mtime_ns))
    return Arrival(key, tuple(entries), others)


def _retention(around: Around, hours: float | None) -> Retention:
    return Retention(cast(Any, around), hours, around)


def test_a_series_goes_after_its_time_and_not_while_it_is_busy(
    around: Around, tmp_path: Path
) -> None:
    retention = _retention(around, 1.0)
    retention.note([_arrival(tmp_path, "a")])
    around.now = 3599
    retention.sweep(cast(Any, around))
    assert around.removed == []
    around.now, around.busy = 3600, {"a"}
    retention.sweep(cast(Any, around))
    assert around.removed == []
    around.busy = set()
    retention.sweep(cast(Any, around))
    assert around.removed == ["a"]


def test_without_hours_nothing_is_deleted(around: Around, tmp_path: Path) -> None:
    retention = _retention(around, None)
    retention.note([_arrival(tmp_path, "a")])
    around.now = 1e9
    retention.sweep(cast(Any, around))
    assert around.removed == []


def test_series_that_came_together_go_together(around: Around, tmp_path: Path) -> None:
    retention = _retention(around, 1.0)
    retention.note([_arrival(tmp_path, "a")])
    around.now = 3000
    retention.note([_arrival(tmp_path, "b", "a")])
    around.now = 3700
    retention.sweep(cast(Any, around))
    assert around.removed == [], "a came again with b"
    around.now, around.busy = 6600, {"a"}
    retention.sweep(cast(Any, around))
    assert around.removed == []
    around.busy = set()
    retention.sweep(cast(Any, around))
    assert around.removed == ["b", "a"]
