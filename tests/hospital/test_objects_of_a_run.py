"""SEG and report as `callosal infer` writes them, for every way a patient is scanned."""

import json
from dataclasses import dataclass
from pathlib import Path

import highdicom
import numpy as np
import pytest
from pydicom import dcmread

from callosal.pipelines.cli import main
from tests.hospital.independent_reading import (
    dice,
    dumped_report,
    groups_of,
    labelled_voxels,
    masked_voxels,
    numbers_of,
    points_of,
    validator_errors,
)
from tests.hospital.scanned_heads import IDENTITY, write_enhanced, write_scan

POSITIONS = ("sagittal", "axial", "coronal", "double oblique", "axial prone",
             "sagittal decubitus", "axial decubitus", "enhanced")  # fmt: skip
ALL_OBJECTS = "[seg,sr,sc,pr]"


@dataclass(frozen=True)
class Scan:
    images: list[Path]
    case: Path

    @property
    def plan(self) -> dict:
        return json.loads((self.case / "plan.json").read_text())


def infer(images: list[Path], output: Path) -> Scan:
    words = ["infer", str(images[0].parent), "--output", str(output), "--device", "cpu"]
    assert main([*words, "--settings.dicom_objects", ALL_OBJECTS]) == 0
    (case,) = (output / "cases").iterdir()
    return Scan(images, case)


def names_of(case: Path) -> list[str]:
    """Its DICOM objects: all four, but of multi-frame images no presentation state."""
    names = sorted(path.name for path in case.glob("*.dcm"))
    made = ["overlay_sc.dcm", "plan_pr.dcm", "plan_sr.dcm", "seg.dcm"]
    if "no presentation state" in (case / "plan.json").read_text():
        made.remove("plan_pr.dcm")
    assert names == made
    return names


@pytest.fixture(scope="module", params=POSITIONS)
def scan(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Scan:
    folder = tmp_path_factory.mktemp("scan")
    if request.param == "enhanced":
        images = [write_enhanced(folder / "in")]
    else:
        images = write_scan(folder / "in", request.param)
    return infer(images, folder / "out")


def test_the_validator_finds_no_error(scan: Scan) -> None:
    for name in names_of(scan.case):
        errors = validator_errors(scan.case / name)
        if errors is None:
            pytest.skip("no dciodvfy (Debian's dicom3tools) on this machine")
        assert errors == [], name


def test_another_toolkit_reads_the_report(scan: Scan) -> None:
    dump = dumped_report(scan.case / "plan_sr.dcm")
    if dump is None:
        pytest.skip("no dsrdump (Debian's dcmtk) on this machine")
    assert "Comprehensive 3D SR Document" in dump
    assert dump.count("SCOORD3D") >= 5
    assert "NUM:" in dump


def test_the_segmentation_is_the_mask_on_the_voxels_of_the_source(scan: Scan) -> None:
    marked = labelled_voxels(scan.case / "seg.dcm")
    expected = masked_voxels(scan.case / "mask.nii.gz", scan.images)
    assert len(expected) > 80
    assert dice(marked, expected) >= 0.99


def test_every_reference_leads_to_an_image_of_the_source(scan: Scan) -> None:
    sources = {str(image.SOPInstanceUID): image for image in map(dcmread, scan.images)}
    first = next(iter(sources.values()))
    seg, report = (dcmread(scan.case / name) for name in ("seg.dcm", "plan_sr.dcm"))
    (series,) = seg.ReferencedSeriesSequence
    (study,) = report.CurrentRequestedProcedureEvidenceSequence
    (evidence,) = study.ReferencedSeriesSequence
    assert {series.SeriesInstanceUID, evidence.SeriesInstanceUID} == {first.SeriesInstanceUID}
    assert study.StudyInstanceUID == seg.StudyInstanceUID == first.StudyInstanceUID
    named = [*series.ReferencedInstanceSequence, *seg.SourceImageSequence,
             *evidence.ReferencedSOPSequence]  # fmt: skip
    for item in named:
        assert item.ReferencedSOPClassUID == sources[item.ReferencedSOPInstanceUID].SOPClassUID
    assert {item.ReferencedSOPInstanceUID for item in evidence.ReferencedSOPSequence} == set(
        sources
    )
    for spatial in points_frames(report):
        assert spatial == first.FrameOfReferenceUID
    assert seg.FrameOfReferenceUID == first.FrameOfReferenceUID


def points_frames(report) -> set[str]:
    groups = groups_of(report).values()
    return {
        item.ReferencedFrameOfReferenceUID
        for group in groups
        for item in group.ContentSequence
        if item.ValueType == "SCOORD3D"
    }


def test_the_outline_of_the_report_runs_around_the_mask(scan: Scan) -> None:
    """Its area is that of the plan, and it stays within a pixel of the border of the mask."""
    plan, groups = scan.plan, groups_of(dcmread(scan.case / "plan_sr.dcm"))
    outline = points_of(groups["corpus callosum"])
    place = plan["midsagittal"]
    offset = outline - place["origin_lps_mm"]
    assert np.abs(offset @ place["normal"]).max() < 0.001
    column = offset @ place["row_dir"] / place["spacing_mm"][1]
    row = offset @ place["col_dir"] / place["spacing_mm"][0]
    assert np.array_equal(outline[0], outline[-1])
    twice = column[:-1] * row[1:] - column[1:] * row[:-1]
    area_mm2 = abs(twice.sum()) / 2 * np.prod(place["spacing_mm"])
    assert area_mm2 == pytest.approx(plan["morphometry"]["area_mm2"], rel=1e-3)
    assert numbers_of(groups["corpus callosum"])["42798000"] == plan["morphometry"]["area_mm2"]


def test_line_and_angles_of_the_report_are_those_of_the_plan(scan: Scan) -> None:
    plan, groups = scan.plan, groups_of(dcmread(scan.case / "plan_sr.dcm"))
    genu, splenium = points_of(groups["reference line"])
    np.testing.assert_allclose(points_of(groups["genu"])[0], genu, atol=1e-4)
    np.testing.assert_allclose(points_of(groups["splenium"])[0], splenium, atol=1e-4)
    numbers = numbers_of(groups["reference line"])
    assert numbers["410668003"] == pytest.approx(np.linalg.norm(genu - splenium), abs=1e-3)
    # The angle again, from patient coordinates alone.
    along = genu - splenium
    forward, up = (-np.array(plan["midsagittal"][name]) for name in ("row_dir", "col_dir"))
    angle = np.degrees(np.arctan2(along @ up, along @ forward))
    assert numbers["1483009"] == pytest.approx(angle, abs=0.01)
    final = numbers_of(groups["final pose"])
    assert final["1483009"] == plan["final"]["angle_deg"]
    assert final["confidence"] == plan["confidence"]
    center = points_of(groups["final pose"])[0]
    np.testing.assert_allclose(center, plan["final"]["center_lps_mm"], atol=1e-3)


@pytest.mark.parametrize("name", ["transverse", "coronal", "sagittal"])
def test_the_stacks_of_the_report_are_those_of_the_plan(scan: Scan, name: str) -> None:
    stack = scan.plan["planes"][name]
    report = groups_of(dcmread(scan.case / "plan_sr.dcm"))
    group = report[f"{name} stack {stack['prescription']}"]
    corners = points_of(group)[:4]
    np.testing.assert_allclose(corners.mean(axis=0), stack["center_lps_mm"], atol=1e-3)
    rows, columns = corners[0] - corners[1], corners[1] - corners[2]
    assert [np.linalg.norm(rows), np.linalg.norm(columns)] == pytest.approx(stack["fov_mm"])
    found = np.concatenate([rows / np.linalg.norm(rows), columns / np.linalg.norm(columns)])
    np.testing.assert_allclose(found, stack["image_orientation_patient"], atol=1e-5)
    numbers = numbers_of(group)
    assert numbers["n-slices"] == stack["n_slices"]
    assert numbers["112225"] == stack["thickness_mm"]
    assert numbers["112226"] == pytest.approx(stack["thickness_mm"] + stack["gap_mm"])


def test_the_presentation_state_draws_the_plan_where_it_lies(scan: Scan) -> None:
    """From the image headers and the drawn pixels alone, in patient coordinates."""
    if not (scan.case / "plan_pr.dcm").is_file():
        assert len({image.parent for image in scan.images}) == len(scan.images) == 1
        return
    state, plan = dcmread(scan.case / "plan_pr.dcm"), scan.plan
    images = {str(image.SOPInstanceUID): image for image in map(dcmread, scan.images)}
    place = plan["midsagittal"]
    names = set()
    for annotation in state.GraphicAnnotationSequence:
        (reference,) = annotation.ReferencedImageSequence
        image = images[reference.ReferencedSOPInstanceUID]
        across, down = np.array(image.ImageOrientationPatient, float).reshape(2, 3)
        for shape in annotation.GraphicObjectSequence:
            names.add(shape.TrackingID)
            pixels = np.reshape(np.array(shape.GraphicData, float), (-1, 2)) - 0.5
            row_mm, column_mm = map(float, image.PixelSpacing)
            points = (np.array(image.ImagePositionPatient, float)
                      + pixels[:, :1] * column_mm * across
                      + pixels[:, 1:] * row_mm * down)  # fmt: skip
            distance_mm = np.abs((points - place["origin_lps_mm"]) @ place["normal"])
            if len(names) == 1 and "final pose" in names:
                assert distance_mm.max() < 0.01, "the trace lies in the plane"
            if shape.TrackingID == "final pose" and len(points) == 5:
                center = points[:4].mean(axis=0) - plan["final"]["center_lps_mm"]
                in_plane = center - (center @ place["normal"]) * np.array(place["normal"])
                assert np.linalg.norm(in_plane) < 0.6
    assert names in ({"final pose"}, {"final pose", "corpus callosum", "reference line"})
    told = [text.UnformattedTextValue for annotation in state.GraphicAnnotationSequence
            for text in annotation.get("TextObjectSequence", [])]  # fmt: skip
    assert len(told) == 1
    assert plan["planes"]["transverse"]["prescription"] in told[0]
    windows = {item.WindowWidth for item in state.get("SoftcopyVOILUTSequence", [])}
    assert windows <= {image.get("WindowWidth") for image in images.values()}


def test_highdicom_reads_both_back(scan: Scan) -> None:
    seg = highdicom.seg.segread(scan.case / "seg.dcm")
    volume = seg.get_volume(combine_segments=True)
    assert volume.array.max() == 1
    description = seg.get_segment_description(1)
    assert description.segmented_property_type.value == "88442005"
    assert description.algorithm_identification[0].AlgorithmName == scan.plan["model"]["name"]
    report = highdicom.sr.srread(scan.case / "plan_sr.dcm")
    regions = report.content.get_planar_roi_measurement_groups()
    assert len(regions) == 7
    assert len(report.content.get_image_measurement_groups()) == 2


def test_the_objects_belong_to_the_patient_and_the_study(scan: Scan) -> None:
    for name in names_of(scan.case):
        made = dcmread(scan.case / name)
        for keyword in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate",
                        "StudyTime", "AccessionNumber"):  # fmt: skip
            assert str(made[keyword].value) == IDENTITY[keyword]
        assert "not for diagnosis" in made.SeriesDescription


@pytest.mark.parametrize("position", ["axial", "enhanced"])
def test_a_second_run_gives_equal_objects(position: str, tmp_path: Path) -> None:
    images = (
        [write_enhanced(tmp_path / "in")]
        if position == "enhanced"
        else write_scan(tmp_path / "in", position)
    )
    first, second = (infer(images, tmp_path / name) for name in ("first", "second"))
    for name in names_of(first.case):
        assert (first.case / name).read_bytes() == (second.case / name).read_bytes(), name


@pytest.mark.shared
@pytest.mark.parametrize("series", ["sag-mprage-3t", "xa30-enhanced/5_anat-T1w_acq-tfl"])
def test_objects_of_real_series(series: str, shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "dicom" / series
    images = [path for path in sorted(folder.iterdir()) if path.is_file()]
    found = infer(images, tmp_path / "out")
    marked = labelled_voxels(found.case / "seg.dcm")
    assert dice(marked, masked_voxels(found.case / "mask.nii.gz", images)) >= 0.99
    for name in names_of(found.case):
        assert not validator_errors(found.case / name)
