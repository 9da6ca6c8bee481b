"""What a case of any kind gets, and what happens where the archive's headers are bad."""

from dataclasses import replace
from pathlib import Path

import pytest
from pydicom import dcmread

from callosal.pipelines.case.case_pictures import draw_case_overlay
from callosal.pipelines.hospital.case_objects import CaseObjects, case_objects
from callosal.pipelines.planning.plan_file import Plan
from callosal.pipelines.reading.cases import Case, find_cases
from callosal.pipelines.settings import DicomObject
from tests.hospital.planned_case import PlannedCase, planned
from tests.hospital.scanned_heads import write_scan


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scan")
    write_scan(folder, "sagittal")
    return folder


@pytest.fixture(scope="module")
def case(folder: Path) -> PlannedCase:
    return planned(folder)


def objects_of(case: Case, planned: PlannedCase, kinds: tuple[DicomObject, ...]) -> CaseObjects:
    outcome = planned.outcome
    overlay = draw_case_overlay(outcome)
    return case_objects(
        case, Plan.from_document(outcome.document), outcome.callosum, overlay, kinds
    )


def with_tags(folder: Path, to: Path, **tags: object) -> Path:
    to.mkdir()
    for path in folder.iterdir():
        image = dcmread(path)
        for keyword, value in tags.items():
            setattr(image, keyword, value)
        image.save_as(to / path.name)
    return to


def test_only_what_is_asked_for_is_made(case):
    made = objects_of(case.case, case, ("sr",))
    assert set(made.files) == {"plan_sr.dcm"}
    assert objects_of(case.case, case, ()).files == {}


def test_a_nifti_file_gets_none_and_the_plan_says_why(case):
    nifti = replace(case.case, kind="nifti", content=Path("head.nii"))
    made = objects_of(nifti, case, ("seg", "sr"))
    assert made.files == {}
    assert made.notes == ("no DICOM objects: a NIfTI file belongs to no study",)


def test_a_case_without_plan_gets_none(case):
    document = {**case.outcome.document, "planes": None}
    made = objects_of(
        case.case, replace(case, outcome=replace(case.outcome, document=document)), ("seg", "sr")
    )
    assert (made.files, made.notes) == ({}, ())


@pytest.mark.parametrize(
    ("tags", "note"),
    [
        ({"FrameOfReferenceUID": ""}, "no DICOM objects: no_frame_of_reference"),
        ({"StudyInstanceUID": ""}, "no DICOM objects: bad_uid"),
        ({"StudyInstanceUID": "Marker"}, "no DICOM objects: bad_uid"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_images_that_cannot_be_referred_to_keep_their_plan(case, folder, tmp_path, tags, note):
    (found,) = find_cases([with_tags(folder, tmp_path / "in", **tags)]).cases
    made = objects_of(found, case, ("seg", "sr"))
    assert (made.files, made.notes) == ({}, (note,))


def test_a_file_gone_in_the_meantime_is_a_note(case, folder, tmp_path):
    copy = with_tags(folder, tmp_path / "in")
    (found,) = find_cases([copy]).cases
    for path in copy.iterdir():
        path.unlink()
    made = objects_of(found, case, ("seg", "sr"))
    assert made.notes == ("no DICOM objects: refused (FileNotFoundError)",)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "tags",
    [
        {"PatientName": "one component", "PatientSex": "X", "PatientBirthDate": "1970"},
        {"PatientID": "P" * 64, "StudyDate": "29.2.2024", "StudyTime": "25:00"},
        {"SpecificCharacterSet": "NO SUCH SET", "PatientName": "A^B"},
        {"SeriesNumber": "-5", "Manufacturer": "M" * 300},
        {"StudyID": "1\\2", "AccessionNumber": "\x00\x01"},
    ],
    ids=["sex", "long", "charset", "number", "control"],
)
def test_odd_identity_does_not_hinder_the_objects(case, folder, tmp_path, tags, capfd):
    (found,) = find_cases([with_tags(folder, tmp_path / "in", **tags)]).cases
    capfd.readouterr()
    made = objects_of(found, case, ("seg", "sr", "sc"))
    assert made.notes == ()
    assert len(made.files) == 3
    assert capfd.readouterr() == ("", "")
