"""Files that arrive in a folder, by series, and the series that are complete.

A folder does not show when a series is complete. A series counts as complete when none of its files
has come, changed or gone for a while, and no unreadable file beside them has either.
Size and time of change are compared with those of the look before, never with this machine's
clock: that of a file server may differ, and copies may keep old times.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from callosal.models.errors import InputError
from callosal.pipelines.dicom.headers import Header
from callosal.pipelines.dicom.joining import FEW_SLICES
from callosal.pipelines.dicom.localizers import MAX_SLICES_APART
from callosal.pipelines.dicom.tree import FileEntry, Skipped, walk_files
from callosal.pipelines.reading.input_files import identify

Entry = FileEntry | Skipped

_FOLDER, _SERIES = "folder ", "series "

PATIENCE = 60
"""A file that is not an image and changes for this many times the rest is taken for a log."""


@dataclass(frozen=True)
class Arrival:
    """A complete series, or several that only show together what they are.

    Attributes:
        key: What the files of the first series share; secret, as it may be a UID or a path.
        entries: Its files, in the order of their names.
        others: Keys of the other series of it.
    """

    key: str
    entries: tuple[Entry, ...]
    others: tuple[str, ...] = ()


@dataclass(slots=True)
class _Group:
    """Files that belong together.

    Attributes:
        paths: The files.
        exam: Study and frame of reference of a series; "" for others.
        view: Axis of the patient that its slices lie across, 0 to 2.
        n_planes: Slices of a series.
        is_enhanced: Whether a file of it holds several slices.
    """

    paths: set[str] = field(default_factory=set)
    exam: str = ""
    view: int = -1
    n_planes: int = 0
    is_enhanced: bool = False
    changed_at: float = 0.0
    is_due: bool = True


@dataclass(slots=True)
class _Sighting:
    """A file as last seen, and when it was first seen."""

    entry: Entry
    key: str
    n_planes: int
    since: float


class Arrivals:
    """A folder that is scanned repeatedly.

    It holds one small record per file (about 0.8 KB), no header and no pixels.

    Args:
        root: The folder; nothing in it is ever changed.
        quiet_s: How long a series must stay unchanged.
        clock: Seconds that only grow.
        still: Held during a look, so that files which belong together do not come between.
    """

    def __init__(
        self,
        root: Path,
        quiet_s: float,
        clock: Callable[[], float] = time.monotonic,
        still: AbstractContextManager[object] | None = None,
    ) -> None:
        self._root = root
        self._quiet_s = quiet_s
        self._clock = clock
        self._still = still or nullcontext()
        self._seen: dict[str, _Sighting] = {}
        self._groups: dict[str, _Group] = {}
        self._homes: dict[str, str] = {}

    def look(self) -> None:
        """Walk the folder once and note what has changed; headers of new files are read.

        Raises:
            InputError: `no_such_input`: the folder does not exist, or is not available at the
                moment.
        """
        if not self._root.is_dir():
            raise InputError(
                "the folder to watch is not there; check the path or the share", "no_such_input"
            )
        with self._still:
            now = self._clock()
            missing = set(self._seen)
            for entry in walk_files(self._root):
                path = _path(entry)
                missing.discard(path)
                known = self._seen.get(path)
                if known is None or known.entry != entry:
                    self._note(path, entry, now)
            for path in missing:
                self._forget(path, now)

    def take(self, at_most: int) -> list[Arrival]:
        """Series that became complete since they were last taken.

        Series of a slice or two come as one: they may be a volume whose slices each have a
        series UID, which only shows when they are looked at together. So do short series of one
        exam that lie across each other, which may be a scout, and an enhanced file and classic
        images of as many slices, which may be one scan: one that comes later brings the earlier
        ones with it again.

        Args:
            at_most: Files to take together; a series is never split, and one is always given.
        """
        rested = dict.fromkeys(self._rested())
        kin_of = self._kin()
        taken: list[Arrival] = []
        small: list[Arrival] = []
        given: set[str] = set()
        n_files = 0
        for key in rested:
            kin = kin_of.get(key, [])
            keys = [key, *(other for other in kin if other != key)]
            if key in given or any(self._groups[one].is_due and one not in rested for one in keys):
                continue
            paths = sorted(path for one in keys for path in self._groups[one].paths)
            if n_files and n_files + len(paths) > at_most:
                break
            given.update(keys)
            n_files += len(paths)
            for one in keys:
                self._groups[one].is_due = False
            is_small = key.startswith(_SERIES) and self._groups[key].n_planes <= FEW_SLICES
            entries = tuple(self._seen[path].entry for path in paths)
            arrival = Arrival(key, entries, tuple(keys[1:]))
            (small if is_small and not kin[1:] else taken).append(arrival)
        return [*taken, _together(small)] if small else taken

    def again(self, key: str, after_s: float) -> None:
        """Give a series out once more, after a while; one that is gone is left alone."""
        group = self._groups.get(key)
        if group is not None:
            group.is_due = True
            group.changed_at = max(group.changed_at, self._clock() + after_s - self._quiet_s)

    def is_done(self, key: str) -> bool:
        """Whether a series was taken and nothing of it has come since."""
        group = self._groups.get(key)
        return group is not None and not group.is_due

    def _kin(self) -> dict[str, list[str]]:
        """Series of one exam that are taken together, by the key of each.

        They are the orientations of a scout, and a scan that is there as classic images and as an
        enhanced file.
        """
        short: dict[str, list[str]] = {}
        alike: dict[tuple[str, int], list[str]] = {}
        for key, group in sorted(self._groups.items()):
            if group.exam and group.n_planes <= MAX_SLICES_APART:
                short.setdefault(group.exam, []).append(key)
            if group.exam:
                alike.setdefault((group.exam, group.n_planes), []).append(key)
        kin: dict[str, list[str]] = {}
        for keys in short.values():
            if len({self._groups[key].view for key in keys}) > 1:
                kin |= dict.fromkeys(keys, keys)
        for keys in alike.values():
            if len({self._groups[key].is_enhanced for key in keys}) > 1:
                kin |= {key: sorted({*keys, *kin.get(key, [])}) for key in keys}
        return kin

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is to come of what is in the folder."""
        now = self._clock()
        return not any(
            group.is_due and not self._is_log(key, group, now)
            for key, group in self._groups.items()
        )

    def _rested(self) -> Iterator[str]:
        """Keys of series that are due and quiet."""
        now = self._clock()
        moving = {
            key for key, group in self._groups.items() if group.changed_at > now - self._quiet_s
        }
        unread = {key for key in moving if not self._is_log(key, self._groups[key], now)}
        for key, group in sorted(self._groups.items()):
            if not group.is_due or key in moving:
                continue
            if not any(_folder_key(path) in unread for path in group.paths):
                yield key

    def _is_log(self, key: str, group: _Group, now: float) -> bool:
        """Whether files that are not images keep changing, and so will never be quiet."""
        old = now - PATIENCE * self._quiet_s
        return key.startswith(_FOLDER) and all(
            self._seen[path].since <= old for path in group.paths
        )

    def _note(self, path: str, entry: Entry, now: float) -> None:
        """A file is new or has changed; it may belong elsewhere than before."""
        since = now
        if path in self._seen:
            since = self._seen[path].since
            self._forget(path, now)
        found = identify(entry)
        key, n_planes = self._key(path, found)
        self._seen[path] = _Sighting(entry, key, n_planes, since)
        group = self._groups.setdefault(key, _Group())
        group.paths.add(path)
        group.n_planes += n_planes
        if isinstance(found, Header) and found.frame_of_reference_uid:
            group.exam = f"{found.study_uid} {found.frame_of_reference_uid}"
            normal = np.cross(found.frames[0].row_dir, found.frames[0].col_dir)
            group.view = int(np.abs(normal).argmax())
            group.is_enhanced |= len(found.frames) > 1
        group.changed_at, group.is_due = now, True

    def _key(self, path: str, found: Header | Entry) -> tuple[str, int]:
        """What files share that rest together, and how many slices this one holds.

        They share a NIfTI file's path, a series, else their folder.

        Files of one number or time in a study are one series here, for some exports give each
        slice a series UID of its own; `find_stacks` parts what does not belong together.
        """
        if isinstance(found, FileEntry):
            return f"file {path}", 0
        if isinstance(found, Header):
            own = f"{_SERIES}{found.series_uid}"
            number = found.series_number
            tie = next(filter(None, found.moments), "") if number is None else str(number)
            key = f"{_SERIES}{found.study_uid} {tie}" if tie else own
            self._homes[found.series_uid] = key
            self._move(own, key)
            return key, len(found.frames)
        if found.series_uid:
            return self._homes.get(found.series_uid, f"{_SERIES}{found.series_uid}"), 1
        return _folder_key(path), 0

    def _move(self, old: str, new: str) -> None:
        """Broken files that were seen before the first header of their series join it."""
        if old == new or old not in self._groups:
            return
        group = self._groups.pop(old)
        joined = self._groups.setdefault(new, _Group())
        joined.paths |= group.paths
        joined.n_planes += group.n_planes
        joined.changed_at = max(joined.changed_at, group.changed_at)
        for path in group.paths:
            self._seen[path].key = new

    def _forget(self, path: str, now: float) -> None:
        sighting = self._seen.pop(path)
        key = sighting.key
        group = self._groups[key]
        group.paths.remove(path)
        group.n_planes -= sighting.n_planes
        group.changed_at, group.is_due = now, True
        if not group.paths:
            del self._groups[key]


def _together(arrivals: list[Arrival]) -> Arrival:
    """Several as one."""
    entries = tuple(entry for arrival in arrivals for entry in arrival.entries)
    return Arrival(arrivals[0].key, entries, tuple(arrival.key for arrival in arrivals[1:]))


def _path(entry: Entry) -> str:
    return entry.path if isinstance(entry, FileEntry) else f"/{entry.name}"


def _folder_key(path: str) -> str:
    return f"{_FOLDER}{Path(path).parent}"
