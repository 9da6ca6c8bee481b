import json
from pathlib import Path

import pytest

from callosal.pipelines.outputs.case_files import CaseFiles
from callosal.pipelines.outputs.case_folder import Fingerprint, read_done, write_case
from callosal.pipelines.outputs.file_names import CASES, SEGMENTATION, STRUCTURED_REPORT
from callosal.pipelines.outputs.rejection import (
    is_rejected,
    put_objects_back,
    set_objects_aside,
)
from callosal.pipelines.outputs.results import COLUMNS, read_rows, write_tables

OBJECTS = {SEGMENTATION: b"seg", STRUCTURED_REPORT: b"sr"}
ROW = dict.fromkeys(COLUMNS) | {
    "case_id": "case-1", "kind": "dicom", "status": "ok", "final_angle_deg": -5.0,
    "transverse": "T", "reasons": "",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    case = tmp_path / CASES / "case-1"
    write_case(case, CaseFiles({}, OBJECTS), ROW, Fingerprint("a", "b", "c", "d"))
    return case


def decide(folder: Path, decision: str) -> None:
    (folder / "plan.reviewed.json").write_text(json.dumps({"decision": decision}))


def test_objects_of_a_rejected_plan_lie_aside_and_come_back(folder: Path) -> None:
    set_objects_aside(folder)
    assert not list(folder.glob("*.dcm"))
    assert {p.name: p.read_bytes() for p in (folder / "rejected").iterdir()} == OBJECTS
    assert read_done(folder) is not None, "the case is still finished"
    put_objects_back(folder)
    assert {p.name: p.read_bytes() for p in folder.glob("*.dcm")} == OBJECTS
    assert not (folder / "rejected").exists()


def test_a_case_planned_again_stays_rejected_with_its_new_objects_aside(folder: Path) -> None:
    decide(folder, "rejected")
    set_objects_aside(folder)
    write_case(folder, CaseFiles({}, {SEGMENTATION: b"new"}), ROW, Fingerprint("A", "b", "c", "d"))
    assert is_rejected(folder)
    assert [p.read_bytes() for p in (folder / "rejected").iterdir()] == [b"new"]
    assert not list(folder.glob("*.dcm"))


def test_a_lost_object_is_still_missed(folder: Path) -> None:
    (folder / SEGMENTATION).unlink()
    assert read_done(folder) is None


@pytest.mark.parametrize("decision", ["accepted", "corrected", "rejected"])
def test_tables_hold_no_number_of_a_rejected_case(
    folder: Path, tmp_path: Path, decision: str
) -> None:
    decide(folder, decision)
    write_tables(tmp_path, [ROW])
    (row,) = read_rows(tmp_path)
    if decision == "rejected":
        assert (row["status"], row["reasons"]) == ("rejected", "rejected")
        assert row["final_angle_deg"] is None
        assert "case-1,rejected,,rejected,dicom,,," in (tmp_path / "results.csv").read_text()
    else:
        assert row == ROW


@pytest.mark.parametrize("content", ["", "[]", "{}", "null"])
def test_a_broken_review_rejects_nothing(folder: Path, content: str) -> None:
    (folder / "plan.reviewed.json").write_text(content)
    assert not is_rejected(folder)
