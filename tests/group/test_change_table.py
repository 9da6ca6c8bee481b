"""Changes of all participants: measured, refused, outdated and missing ones."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from callosal.pipelines.bids.tsv import read_tsv
from callosal.pipelines.cli import main
from tests.group.made_group import make_group

MODEL = {"Name": "net", "Sha256": "0123456789"}


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return make_group(tmp_path, n_people=4)


def write_series(output: Path, name: str, record: dict[str, Any]) -> None:
    """What the longitudinal level leaves of a participant."""
    start = output / name / f"{name}_desc-callosum"
    start.with_name(f"{start.name}_visits.json").write_text(json.dumps(record))
    if "Refused" not in record:
        table = "measure\tn_visits\trate_pct\tmean\narea_mm2\t2\t-1.5\tn/a\n"
        start.with_name(f"{start.name}_change.tsv").write_text(table)


def measured(output: Path, name: str) -> dict[str, Any]:
    """The record of a measured series, whose plans are made here."""
    visits = []
    for session in ("ses-1", "ses-2"):
        case = output / "runs" / name / "cases" / f"{name}_{session}_T1w"
        case.mkdir(parents=True)
        (case / "plan.json").write_text("{}")
        image = f"bids:raw:{name}/{session}/anat/{name}_{session}_T1w.nii.gz"
        visits.append({"Image": image, "PlanSha256": hashlib.sha256(b"{}").hexdigest()})
    return {"Visits": visits, "LeftOut": {}, "SoftwareVersion": "9.9", "Model": MODEL}


def test_measured_refused_outdated_and_missing_series(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    dataset, output = folders
    write_series(output, "sub-01", measured(output, "sub-01") | {"LeftOut": {"x": "not_ok"}})
    write_series(output, "sub-02", {"Refused": "not_alike", "Reason": "two heads", "LeftOut": {}})
    write_series(output, "sub-03", measured(output, "sub-03"))
    (output / "runs/sub-03/cases/sub-03_ses-2_T1w/plan.json").write_text('{"new": 1}')
    assert main(["bids", str(dataset), str(output), "group"]) == 0
    told = capsys.readouterr().err
    assert "check: change of sub-02 not measured: not_alike: two heads" in told
    assert "check: change of sub-03 not measured: outdated: an image was measured again" in told
    assert "check: change of sub-04 not measured yet: run" in told
    assert "check: measured without some of the sessions: x (not_ok)" in told
    rows = read_tsv(output / "group_change.tsv")
    found = [(r["participant_id"], r["measure"], r["rate_pct"], r["reason"]) for r in rows]
    assert found == [
        ("sub-01", "area_mm2", "-1.5", None),
        ("sub-02", None, None, "not_alike"),
        ("sub-03", None, None, "outdated"),
    ]
    assert (rows[0]["series"], rows[0]["group"]) == ("sub-01_desc-callosum", "b")
    assert (rows[0]["software"], rows[0]["model"]) == ("callosal 9.9", "net 01234567")


def test_a_group_without_changes_has_no_table_of_them(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    dataset, output = folders
    (output / "group_change.tsv").write_text("old")
    assert main(["bids", str(dataset), str(output), "group"]) == 0
    assert not (output / "group_change.tsv").exists()
    assert "change of" not in capsys.readouterr().err
