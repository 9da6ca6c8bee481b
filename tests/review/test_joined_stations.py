"""A region set by hand on joined stations: limits, stacks, and the files that are saved."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from callosal.models.errors import GeometryError, InputError
from callosal.pipelines.cli import main
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.outputs.file_names import (
    PLAN,
    REVIEWED_OVERLAY,
    REVIEWED_PLAN,
    STITCHED_ROI,
    STITCHED_ROI_SERIES,
)
from callosal.pipelines.phantom.spine_stations import write_made_exam
from callosal.pipelines.planning.plan_validation import validate_plan
from callosal.pipelines.reading.nifti import read_nifti
from callosal.pipelines.report.run_folder import read_run
from callosal.pipelines.review.correction import corrected_plan
from callosal.pipelines.review.review_document import Decision, Judgement
from callosal.pipelines.review.review_session import ReviewSession

ROI = RotatedBox((5.0, 12.0), (150.0, 60.0), 78.0)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("spine")
    write_made_exam(folder / "exam", 1, n_stations=2, pixel_mm=1.5)
    assert main(["stitch", str(folder / "exam"), "--output", str(folder / "out")]) == 0
    return folder / "out"


@pytest.fixture
def desk(finished: Path, tmp_path: Path) -> ReviewSession:
    return ReviewSession.of(Path(shutil.copytree(finished, tmp_path / "out")))


def _save(desk: ReviewSession, decision: Decision, roi: RotatedBox | None, seen: int) -> list[str]:
    notes = desk.save(desk.names[0], Judgement(decision, "R. Reader", "", roi), seen)["notes"]
    return list(notes)


def test_a_region_starts_upright_and_may_lean(desk: ReviewSession) -> None:
    entry = desk.case_entry(desk.names[0])
    assert entry["automatic_roi"] is None
    assert entry["first_roi"]["angle_deg"] == 90
    assert entry["roi_limits"] == {"middle_deg": 90, "reach_deg": 60, "largest_mm": 1200}
    assert list(entry["pictures"]) == ["midsagittal"]


def test_stacks_follow_the_region(desk: ReviewSession) -> None:
    planes = desk.planned(desk.names[0], ROI)["planes"]
    orientation = np.array(planes["transverse"]["image_orientation_patient"])
    normal = np.cross(orientation[:3], orientation[3:])
    axis = [0, -np.cos(np.radians(78)), np.sin(np.radians(78))]
    assert abs(normal @ axis) == pytest.approx(1, abs=1e-6)
    assert planes["transverse"]["assumed"] == ["tilt", "turn"]
    assert planes["sagittal"]["fov_mm"] == [60, 150]
    with pytest.raises(GeometryError):
        desk.planned(desk.names[0], RotatedBox((0, 0), (150, 60), 20))


def test_a_saved_region_gives_plan_volume_and_series(desk: ReviewSession) -> None:
    folder = desk.folder(desk.names[0])
    assert _save(desk, Decision.CORRECTED, ROI, 0) == []
    review = json.loads((folder / REVIEWED_PLAN).read_text())
    assert review["roi"]["angle_deg"] == 78
    assert review["plan"]["status"] == "joined"
    automatic = json.loads((folder / PLAN).read_text())
    assert review["plan"]["confidence"] == automatic["confidence"]
    assert "set_by_hand_only" in automatic["reasons"]
    assert review["plan"]["reasons"] == ["tilt_and_turn_assumed", "corrected_by_hand"]
    assert review["plan"]["box"] is None
    with Image.open(folder / REVIEWED_OVERLAY) as picture:
        orange = (np.asarray(picture, int) @ [1, 0, -1]) > 120
    assert orange.sum() > 500
    volume = read_nifti(folder / STITCHED_ROI)
    sides = np.array(volume.spatial_shape) * np.array(volume.spacing)
    assert sorted(np.round(sides))[1:] == [60, 150]
    image = dcmread(folder / STITCHED_ROI_SERIES / "slice-0003.dcm")
    whole = dcmread(folder / "stitched" / "slice-0003.dcm")
    assert image.FrameOfReferenceUID == whole.FrameOfReferenceUID
    assert image.SeriesInstanceUID != whole.SeriesInstanceUID
    down = np.array([float(v) for v in image.ImageOrientationPatient[3:]])
    assert down @ [0, np.cos(np.radians(78)), -np.sin(np.radians(78))] == pytest.approx(1, abs=1e-5)
    assert image.pixel_array.mean() > 50


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="Debian's dicom3tools are missing")
def test_the_series_of_a_region_keeps_the_standard(desk: ReviewSession) -> None:
    folder = desk.folder(desk.names[0])
    _save(desk, Decision.CORRECTED, ROI, 0)
    for path in sorted((folder / STITCHED_ROI_SERIES).iterdir())[::3]:
        ran = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
        assert "Error" not in ran.stderr + ran.stdout


def test_another_region_is_another_series_and_a_rejection_removes_it(desk: ReviewSession) -> None:
    folder = desk.folder(desk.names[0])
    _save(desk, Decision.CORRECTED, ROI, 0)
    path = folder / STITCHED_ROI_SERIES / "slice-0001.dcm"
    first = dcmread(path).SeriesInstanceUID
    _save(desk, Decision.CORRECTED, ROI.rotated_about(ROI.center_mm, 5), 1)
    assert dcmread(path).SeriesInstanceUID != first
    _save(desk, Decision.REJECTED, None, 2)
    assert not (folder / STITCHED_ROI).exists()
    assert not (folder / REVIEWED_OVERLAY).exists()
    assert not path.exists()


def test_the_report_shows_the_decision(desk: ReviewSession) -> None:
    _save(desk, Decision.CORRECTED, ROI, 0)
    desk.report.wait()
    assert desk.names[0] in (desk.output / "report.html").read_text()
    assert "corrected" in (desk.output / "results.reviewed.csv").read_text()
    (case,) = read_run(desk.output).cases
    assert (case.texts["status"], case.cause) == ("joined", "")
    assert {"overlay.reviewed.png", "stitched.png"} <= set(case.files)


def test_only_a_person_sets_a_region_on_joined_stations(desk: ReviewSession) -> None:
    planned = corrected_plan(desk.case(desk.names[0]), ROI, desk.settings)
    with pytest.raises(InputError):
        validate_plan({**planned, "reasons": ["set_by_hand_only"]})
