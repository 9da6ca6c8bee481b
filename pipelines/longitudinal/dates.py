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

    The table of scans knows the image, that of sessions its session; the first that has a time
    counts. Times that were shifted to hide the person are as good, as long as all of a person
    were shifted alike.

    Args:
        bids_dir: Folder of the dataset.
        image: One of its images.

    Returns:
        The time; None where no table has it.

    Raises:
        InputError: `bad_table`: a table cannot be read.
    """
    times = map(_time, _listed_times(bids_dir, image))
    return next((time for time in times if time is not None), None)


def years_since_first(times: Sequence[datetime | None]) -> list[float] | None:
    """Years from the earliest time; None where one is missing or all are equal."""
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
    """A time of BIDS; its zone is left out, for tables mix times with and without one."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=None)
    except ValueError:
        return None
