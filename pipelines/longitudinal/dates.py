"""When the images of a BIDS dataset were acquired, from its tables."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain
from pathlib import Path

from callosal.pipelines.bids.dataset import BidsImage
from callosal.pipelines.bids.tsv import read_tsv

DAYS_PER_YEAR = 365.25


def acquisition_time(bids_dir: Path, image: BidsImage) -> datetime | None:
    """When an image was acquired.

    The scans table has a row for the image, the sessions table one for its session; the first time
    that is found is used. Times that were shifted for privacy are as good, as long as all times of
    a person were shifted equally.

    Args:
        bids_dir: Folder of the dataset.
        image: One of its images.

    Returns:
        The time; None if no table has one.

    Raises:
        InputError: `bad_table`: a table cannot be read.
    """
    times = map(_time, _listed_times(bids_dir, image))
    return next((time for time in times if time is not None), None)


def years_since_first(times: Sequence[datetime | None]) -> list[float] | None:
    """Years from the earliest time; None if a time is missing or all times are equal."""
    known = [time for time in times if time is not None]
    if len(known) < len(times) or len(set(known)) < 2:
        return None
    first = min(known)
    return [(time - first).total_seconds() / 86400 / DAYS_PER_YEAR for time in known]


def _listed_times(bids_dir: Path, image: BidsImage) -> Iterator[str | None]:
    folder = bids_dir / image.participant
    prefix = image.participant
    if image.session is not None:
        folder, prefix = folder / image.session, f"{prefix}_{image.session}"
    within = (bids_dir / image.name).relative_to(folder).as_posix()
    scans = _rows(folder / f"{prefix}_scans.tsv", "filename", within)
    sessions = _rows(
        bids_dir / image.participant / f"{image.participant}_sessions.tsv",
        "session_id",
        image.session,
    )
    return (row.get("acq_time") for row in chain(scans, sessions))


def _rows(path: Path, key: str, value: str | None) -> list[dict[str, str | None]]:
    listed = read_tsv(path) if path.is_file() else []
    return [row for row in listed if value is not None and row.get(key) == value]


def _time(text: str | None) -> datetime | None:
    """A BIDS time without its time zone, because tables mix times with and without one."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=None)
    except ValueError:
        return None
