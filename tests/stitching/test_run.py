"""`callosal stitch`: what it writes, what it says, and its exit codes."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from pydicom import dcmread

from callosal.pipelines.cli import main
from callosal.pipelines.outputs.file_names import (
    REPORT,
    STITCHED,
    STITCHED_PICTURE,
    STITCHED_RECORD,
)
from callosal.pipelines.phantom.spine import Spine
from callosal.pipelines.phantom.spine_stations import acquire_station
from callosal.pipelines.reading.nifti import read_nifti
from callosal.pipelines.reading.place import Place
from callosal.pipelines.reading.skips import Skip
from callosal.pipelines.stitching.run import left_out_lines
from tests.stitching.conftest import LOWER, write_station


@pytest.fixture(scope="module")
def run(exam: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("out")
    assert main(["stitch", str(exam), "--output", str(output)]) == 0
    assert "joined" in (output / REPORT).read_text(encoding="utf-8")
    return output


@pytest.fixture(scope="module")
def case(run: Path) -> Path:
    (folder,) = (run / "cases").iterdir()
    return folder


def test_record_tells_shift_gain_and_overlap(case: Path) -> None:
    record = json.loads((case / STITCHED_RECORD).read_text())
    assert record["schema"] == "callosal/stitch/1"
    assert (record["status"], record["reasons"]) == ("ok", [])
    assert np.allclose(record["stations"][0]["shift_lps_mm"], (0, 3, -5.2), atol=0.3)
    assert record["stations"][0]["source"]["series_number"] == 2
    (joint,) = record["joints"]
    assert joint["correlation"] > 0.9
    assert 35 < joint["overlap_mm"] < 45
    assert record["notes"] == []


def test_nifti_and_series_hold_the_same(case: Path, exam: Path) -> None:
    volume = read_nifti(case / STITCHED)
    images = [dcmread(path) for path in sorted((case / "stitched").glob("*.dcm"))]
    assert len(images) == 5
    stored = np.stack([image.pixel_array for image in images])
    back = volume.to_patient_orientation("RFP")
    assert np.array_equal(back.array, stored)
    position = [float(value) for value in images[0].ImagePositionPatient]
    assert np.allclose(back.affine[:3, 3], position, atol=1e-3)


def test_series_belongs_to_the_study(case: Path, exam: Path) -> None:
    source = dcmread(next((exam / "a").glob("*.dcm")))
    made = dcmread(case / "stitched" / "slice-0001.dcm")
    for keyword in ("PatientID", "StudyInstanceUID", "FrameOfReferenceUID", "EchoTime"):
        assert made[keyword].value == source[keyword].value
    assert made.SeriesInstanceUID != source.SeriesInstanceUID
    assert made.ImageType[:2] == ["DERIVED", "SECONDARY"]
    assert len(made.SourceImageSequence) == 10
    assert made.SeriesNumber == 9025


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="Debian's dicom3tools are missing")
def test_series_keeps_the_standard(case: Path) -> None:
    path = case / "stitched" / "slice-0003.dcm"
    told = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    assert "Error" not in told.stderr + told.stdout


def test_nothing_tells_the_patient(run: Path, case: Path) -> None:
    for path in [run / "run.json", run / "results.csv", case / STITCHED_RECORD, case / "plan.json"]:
        assert "callosal^demo" not in path.read_text()
        assert "2.25." not in path.read_text()


def test_picture_shows_the_stations(case: Path) -> None:
    from PIL import Image

    picture = np.asarray(Image.open(case / STITCHED_PICTURE).convert("RGB")).astype(int)
    assert picture.shape[0] == 1100
    blue = (np.abs(picture - (94, 200, 255)).sum(axis=2) < 60).sum()
    assert blue > 500


def test_a_second_run_gives_the_same_bytes(exam: Path, run: Path, case: Path) -> None:
    names = (STITCHED, STITCHED_RECORD, "stitched/slice-0002.dcm", STITCHED_PICTURE)
    before = {name: (case / name).read_bytes() for name in names}
    assert main(["stitch", str(exam), "--output", str(run)]) == 0
    assert {name: (case / name).read_bytes() for name in names} == before


def test_a_refused_exam_is_told(
    exam: Path, tmp_path: Path, other_spine: Spine, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(exam, tmp_path / "exam"))
    shutil.rmtree(folder / "b")
    write_station(acquire_station(other_spine, LOWER, 2), folder / "b", 3)
    assert main(["stitch", str(folder), "--output", str(tmp_path / "out")]) == 1
    told = capsys.readouterr().out
    assert "overlap_disagrees" in told
    assert "0 of 1 exams joined whole" in told


def test_settings_reach_the_joint(
    exam: Path, tmp_path: Path, spine: Spine, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["stitch", str(exam), "--output", str(tmp_path / "out"), "--settings.max_shift_mm", "3"]
    assert main(words) == 1
    assert "shift_too_large" in capsys.readouterr().out


def test_an_exam_joined_in_part_is_told(
    exam: Path, tmp_path: Path, other_spine: Spine, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(exam, tmp_path / "exam"))
    wrong = replace(LOWER, center_lps_mm=(0, 0, 0), matrix=(120, 160))
    write_station(acquire_station(other_spine, wrong, 2), folder / "c", 4)
    assert main(["stitch", str(folder), "--output", str(tmp_path / "out")]) == 2
    assert "stations 2 and 3" in capsys.readouterr().out
    (record,) = (tmp_path / "out" / "cases").glob(f"*/{STITCHED_RECORD}")
    assert json.loads(record.read_text())["status"] == "low_confidence"


def test_nifti_has_a_scanner_frame(case: Path) -> None:
    image: Any = nib.load(case / STITCHED)
    assert int(image.header["sform_code"]) == 1


def test_what_is_left_out_again_and_again_is_one_line() -> None:
    place = Place(file="a")
    twice, once = (Skip(name, "alone", "one station", 1, "", {}, place) for name in "ab")
    assert left_out_lines([twice, once, twice]) == [
        "left out: a: alone: one station (2 times)", "left out: b: alone: one station",
    ]  # fmt: skip
