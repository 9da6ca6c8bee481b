"""Dates of images come from the table of scans, then from that of sessions."""

from datetime import datetime
from pathlib import Path

from callosal.pipelines.bids.dataset import BidsImage
from callosal.pipelines.longitudinal.dates import acquisition_time, years_since_first

NAME = "sub-01/ses-1/anat/sub-01_ses-1_T1w.nii.gz"


def image(root: Path) -> BidsImage:
    return BidsImage(root / NAME, NAME, {"sub": "01", "ses": "1"}, "T1w")


def write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def test_scans_come_before_sessions(tmp_path: Path) -> None:
    assert acquisition_time(tmp_path, image(tmp_path)) is None
    sessions = tmp_path / "sub-01" / "sub-01_sessions.tsv"
    write(sessions, ["session_id\tacq_time", "ses-1\t2020-01-01T09:00:00", "ses-2\tn/a"])
    assert acquisition_time(tmp_path, image(tmp_path)) == datetime(2020, 1, 1, 9)
    scans = tmp_path / "sub-01" / "ses-1" / "sub-01_ses-1_scans.tsv"
    listed = "anat/sub-01_ses-1_T1w.nii.gz"
    write(scans, ["filename\tacq_time", f"{listed}\t2020-01-02T10:30:00.5Z"])
    assert acquisition_time(tmp_path, image(tmp_path)) == datetime(2020, 1, 2, 10, 30, 0, 500000)
    write(scans, ["filename\tacq_time", f"{listed}\tyesterday"])
    assert acquisition_time(tmp_path, image(tmp_path)) == datetime(2020, 1, 1, 9)


def test_years_need_every_date_and_two_that_differ() -> None:
    first, second = datetime(2020, 1, 1), datetime(2021, 1, 1)
    assert years_since_first([first, second]) == [0.0, 366 / 365.25]
    assert years_since_first([second, first]) == [366 / 365.25, 0.0]
    assert years_since_first([first, None]) is None
    assert years_since_first([first, first]) is None
