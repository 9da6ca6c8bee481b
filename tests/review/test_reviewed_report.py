import numpy as np
import pytest
from highdicom.sr import srread
from pydicom import dcmread

from callosal.pipelines.hospital.report_source import ReportedSource
from callosal.pipelines.review.correction import FIRST_ROI, automatic_roi
from callosal.pipelines.review.review_document import Decision, Judgement


def decided(desk, name, decision, turn_deg=0.0, reviewer="R. Reader"):
    before = automatic_roi(desk.case(name).plan, desk.settings)
    roi = None if before is None else before.rotated_about(before.center_mm, turn_deg)
    seen = desk.case_entry(name)["revision"]
    return desk.save(name, Judgement(decision, reviewer, "", roi or FIRST_ROI), seen)


def texts(report):
    found = []

    def walk(item):
        found.append(str(item.get("TextValue", "")) or str(item.get("PersonName", "")))
        for child in item.get("ContentSequence", []):
            walk(child)

    walk(report)
    return "\n".join(found)


def test_a_correction_gets_a_report_of_its_own(desk, planned):
    saved = decided(desk, planned, Decision.CORRECTED, 4.0)
    assert saved["notes"] == []
    folder = desk.folder(planned)
    first, report = dcmread(folder / "plan_sr.dcm"), srread(folder / "plan_sr.reviewed.dcm")
    assert report.SOPInstanceUID != first.SOPInstanceUID
    assert report.SeriesInstanceUID == first.SeriesInstanceUID
    assert report.StudyInstanceUID == first.StudyInstanceUID
    assert report.PatientID == first.PatientID
    assert (
        report.PredecessorDocumentsSequence[0]
        .ReferencedSeriesSequence[0]
        .ReferencedSOPSequence[0]
        .ReferencedSOPInstanceUID
        == first.SOPInstanceUID
    )
    told = texts(report)
    assert "R. Reader" in told
    assert "corrected_by_hand" in told
    planes = saved["review"]["plan"]["planes"]
    assert planes["transverse"]["prescription"] in told
    assert planes["transverse"]["prescription"] not in texts(first)


def test_the_source_is_the_one_of_the_first_report(desk, planned):
    decided(desk, planned, Decision.ACCEPTED)
    folder = desk.folder(planned)
    first, second = (
        ReportedSource(dcmread(folder / name)) for name in ("plan_sr.dcm", "plan_sr.reviewed.dcm")
    )
    assert first.facts.series_uid == second.facts.series_uid
    assert sorted(first.facts.frames) == sorted(second.facts.frames)
    assert first.facts.frame_of_reference_uid == second.facts.frame_of_reference_uid != ""


def test_positions_are_those_of_the_corrected_plan(desk, planned):
    saved = decided(desk, planned, Decision.CORRECTED, -6.0)
    report = dcmread(desk.folder(planned) / "plan_sr.reviewed.dcm")
    points = []

    def walk(item):
        if "GraphicData" in item and item.GraphicType == "POINT":
            points.append(np.array(item.GraphicData, dtype=float))
        for child in item.get("ContentSequence", []):
            walk(child)

    walk(report)
    center = np.array(saved["review"]["plan"]["final"]["center_lps_mm"])
    assert min(np.linalg.norm(point - center) for point in points) == pytest.approx(0, abs=1e-3)


def test_every_report_is_kept_and_follows_the_one_before(desk, planned):
    decided(desk, planned, Decision.CORRECTED, 2.0)
    decided(desk, planned, Decision.CORRECTED, 3.0, reviewer="Second")
    folder = desk.folder(planned)
    one, two = (dcmread(folder / "reviews" / f"000{i}.dcm") for i in (1, 2))
    before = two.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0]
    assert before.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == one.SOPInstanceUID
    assert (folder / "plan_sr.reviewed.dcm").read_bytes() == (
        folder / "reviews" / "0002.dcm"
    ).read_bytes()
    assert int(two.InstanceNumber) == int(one.InstanceNumber) + 1


def test_a_rejected_plan_has_no_current_report(desk, planned):
    decided(desk, planned, Decision.ACCEPTED)
    decided(desk, planned, Decision.REJECTED)
    folder = desk.folder(planned)
    assert not (folder / "plan_sr.reviewed.dcm").exists()
    assert (folder / "reviews" / "0001.dcm").is_file()
    assert not (folder / "plan_sr.dcm").exists()
    assert (folder / "rejected" / "plan_sr.dcm").is_file()
    assert decided(desk, planned, Decision.ACCEPTED)["notes"] == []
    assert (folder / "plan_sr.dcm").is_file()
    assert (folder / "plan_sr.reviewed.dcm").is_file()


def test_a_case_without_a_report_says_so(desk, unplanned):
    saved = decided(desk, unplanned, Decision.CORRECTED)
    assert "plan_sr.dcm" in saved["notes"][0]
    assert not (desk.folder(unplanned) / "plan_sr.reviewed.dcm").exists()
