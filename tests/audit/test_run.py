"""An exam of known stacks, a broken one and one without a callosum, audited in one run."""

import csv
import json
from pathlib import Path

import highdicom
import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from scipy.spatial.transform import Rotation

from callosal.pipelines.audit.exams import find_exams
from callosal.pipelines.cli import main
from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.outputs.audit_table import COLUMNS, read_audit_rows
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.planning.plan import SliceStack
from callosal.pipelines.planning.plan_file import Plan
from callosal.pipelines.planning.plan_frame import motion
from callosal.pipelines.planning.reslice import stack_affine_lps, stack_shape

NAME = "Miller^Anna"
TURN_DEG, PIXEL_MM = 8.0, 12.0


def exam_tags(number, **tags):
    shared = Dataset()
    shared.StudyInstanceUID, shared.FrameOfReferenceUID = f"2.25.{number}1", f"2.25.{number}2"
    for keyword, value in tags.items():
        setattr(shared, keyword, value)
    return shared


def write_stack(stack, folder, series, tags):
    pixels = np.ones(stack_shape(stack, PIXEL_MM), np.uint16)
    volume = highdicom.Volume(pixels, stack_affine_lps(stack, PIXEL_MM), "PATIENT")
    tags.SliceThickness = f"{stack.thickness_mm:g}"
    write_mr_series(volume, folder, description=NAME, series_number=series, attributes=tags)


def acquired() -> SliceStack:
    """Transverse slices that are turned by 8 degrees and do not reach the top of the head."""
    turn = Rotation.from_rotvec(np.radians([TURN_DEG, 0, 0]))
    return SliceStack(
        turn.apply([1.0, 0, 0]), turn.apply([0, 1.0, 0]), np.array([3.0, 5.0, -14.0]),
        (240.0, 240.0), 5.0, 1.0, 20,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("exams")
    head = phantom_head(3, (80, 120, 120), (2.0, 2.0, 2.0)).volume
    site = {"ProtocolName": NAME, "StationName": "MR7", "Manufacturer": "SIEMENS"}
    write_mr_series(head, root / "one" / "t1", description="T1", patient_name=NAME,
                    attributes=exam_tags(1, **site))  # fmt: skip
    tags = exam_tags(1, **site | {"ProtocolName": "AAHead tra", "SeriesDescription": "AAScout"})
    write_stack(acquired(), root / "one" / "t2", 5, tags)
    blank = head.with_array(np.ones_like(head.array))
    write_mr_series(blank, root / "two" / "t1", description="T1", attributes=exam_tags(2))
    (root / "three").mkdir()
    (root / "three" / "cut.dcm").write_bytes((root / "one/t1/slice-0001.dcm").read_bytes()[:900])
    return root


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory) -> tuple[int, Path]:
    output = tmp_path_factory.mktemp("run")
    return main(["audit", str(folder), "--output", str(output), "--device", "cpu"]), output


def reference_plan(output: Path) -> Plan:
    (found,) = {row["reference"] for row in read_audit_rows(output)} - {None}
    return Plan.read(output / "cases" / found / "plan.json")


def test_turn_and_shift_of_a_stack_are_in_the_table(run):
    code, output = run
    rows = {row["series_number"]: row for row in read_audit_rows(output)
            if row["status"] == "compared"}  # fmt: skip
    assert code == 2  # an exam without a plan, and a broken file
    assert sorted(rows) == [1, 5]
    found, planned = rows[5], reference_plan(output).planes.transverse
    cosines = np.array(planned.image_orientation_patient)
    normal = np.cross(cosines[:3], cosines[3:])
    made = acquired()
    angle_deg = np.degrees(np.arccos(normal @ made.normal))
    across_mm = normal @ (made.center_lps_mm - planned.center_lps_mm)
    assert found["planned"] == "transverse"
    assert found["angle_deg"] == pytest.approx(angle_deg, abs=0.02)
    assert found["offset_across_mm"] == pytest.approx(across_mm, abs=0.02)
    assert found["cover_superior_mm"] < 0 < found["cover_left_mm"]
    assert found["slices_missing"] >= 1
    with (output / "audit.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(read_audit_rows(output)) == 3


def test_an_exam_without_a_sure_plan_says_so_and_gives_no_numbers(run):
    (row,) = (row for row in read_audit_rows(run[1]) if row["status"] == "no_plan")
    assert row["reason"] == "no_sure_plan"
    assert all(row[c] is None for c in COLUMNS if c.endswith("_deg") or c.startswith("offset"))


def test_movement_between_two_plans_of_a_head(run):
    plan = reference_plan(run[1])
    document = json.loads(plan.to_json())
    turn = Rotation.from_rotvec(np.radians([1.0, -2.0, 2.0]))
    for stack in document["planes"].values():
        directions = np.reshape(stack["image_orientation_patient"], (2, 3))
        stack["image_orientation_patient"] = turn.apply(directions).ravel().tolist()
    document["final"]["center_lps_mm"][1] += 4.0
    angle_deg, shift_mm = motion(plan, Plan.from_document(document))
    assert (angle_deg, shift_mm) == pytest.approx((3.0, 4.0), abs=1e-3)
    told = {row["series_number"]: row["moved_reason"] for row in read_audit_rows(run[1])
            if row["status"] == "compared"}  # fmt: skip
    assert told == {1: "is_reference", 5: "no_view_of_callosum"}


def test_names_are_hashed_unless_they_are_asked_for(folder, run):
    _, output = run
    told = (output / "audit.csv").read_text() + (output / "report.html").read_text()
    assert "Miller" not in told
    assert "MR7" not in told
    (series,) = {row["vendor_alignment"] for row in read_audit_rows(output)
                 if row["series_number"] == 5}  # fmt: skip
    assert series == "AutoAlign"
    words = ["audit", str(folder / "one"), "--output", str(output), "--device", "cpu"]
    assert main([*words, "--names", "series"]) == 0
    assert {"AAHead tra"} < {row["protocol"] for row in read_audit_rows(output)}
    # The exam that was not among these inputs keeps its row.
    assert {row["status"] for row in read_audit_rows(output)} == {"compared", "no_plan"}
    page = (output / "report.html").read_text()
    assert "Acquired against planned" in page
    assert "AAHead tra" in page


def test_the_picture_shows_both_stacks_and_no_face(run):
    (path,) = (run[1] / "exams").glob("*.png")
    picture = np.asarray(Image.open(path)).astype(int)
    for color in ((86, 180, 233), (230, 159, 0)):
        assert (np.abs(picture - color).max(axis=2) < 40).sum() > 200
    gray = (picture.max(axis=2) - picture.min(axis=2) < 8) & (picture.max(axis=2) > 60)
    rows = np.flatnonzero(gray[60:].mean(axis=1) > 0.05)
    assert rows.size * 1.0 / 1.5 < 110  # mm: the disc about the callosum


def test_an_exam_is_a_study_in_one_frame_of_reference(folder):
    exams = find_exams([folder]).exams
    assert [len(exam.stacks) for exam in exams] == [2, 1]
    assert [len(exam.cases) for exam in exams] == [1, 1]
