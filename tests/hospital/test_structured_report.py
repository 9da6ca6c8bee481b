import copy
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from callosal.models.errors import InputError
from callosal.pipelines.hospital import concepts
from callosal.pipelines.hospital.source_series import SourceSeries, read_source
from callosal.pipelines.hospital.structured_report import Review, plan_report
from callosal.pipelines.hospital.written_case import contour_of_case
from callosal.pipelines.pictures.label_image import slice_nifti_bytes
from callosal.pipelines.planning.plan_file import Plan
from tests.hospital.independent_reading import (
    groups_of,
    items_of,
    numbers_of,
    points_of,
    validator_errors,
)
from tests.hospital.planned_case import PlannedCase, planned
from tests.hospital.scanned_heads import write_scan


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> PlannedCase:
    folder = tmp_path_factory.mktemp("scan")
    write_scan(folder, "double oblique")
    return planned(folder)


@pytest.fixture(scope="module")
def source(case: PlannedCase) -> SourceSeries:
    return read_source(case.case.content)


def report_of(
    source: SourceSeries, document: dict, contour_mm: np.ndarray, review: Review | None = None
) -> Dataset:
    return plan_report(source, Plan.from_document(document), contour_mm, review)


def corrected(case: PlannedCase) -> dict:
    """A plan that a person turned by two degrees."""
    document = copy.deepcopy(case.outcome.document)
    document["final"]["angle_deg"] += 2.0
    return document


def test_every_point_of_the_outline_is_where_it_was_found(case, source, tmp_path):
    report = report_of(source, case.outcome.document, case.callosum.contour_mm)
    report.save_as(tmp_path / "sr.dcm", enforce_file_format=True)
    outline = points_of(groups_of(report)["corpus callosum"])
    expected = case.callosum.slice_image.mm_to_lps(case.callosum.contour_mm)
    assert np.linalg.norm(outline[:-1] - expected, axis=1).max() < 0.1


def test_the_slice_of_a_document_is_the_slice_that_was_measured(case):
    place, again = case.callosum.slice_image, Plan.from_document(case.outcome.document).midsagittal
    corners = np.array([[0, 0], [0, 300], [200, 0], [200, 300]])
    np.testing.assert_allclose(
        again.pixels_to_lps(corners), place.pixels_to_lps(corners), atol=1e-3
    )


def test_timings_change_nothing_and_findings_change_the_identity(case, source):
    document, contour = case.outcome.document, case.callosum.contour_mm
    first = report_of(source, document, contour)
    slower = report_of(source, {**document, "timings_ms": {"plan": 1e6}}, contour)
    other = report_of(source, corrected(case), contour)
    assert slower.SOPInstanceUID == first.SOPInstanceUID
    assert other.SOPInstanceUID != first.SOPInstanceUID
    assert other.SeriesInstanceUID == first.SeriesInstanceUID


def test_a_comment_changes_the_identity_and_no_comment_is_not_told(case, source):
    document, contour = case.outcome.document, case.callosum.contour_mm
    silent, told = (
        report_of(source, document, contour, Review("R. Reader", comment))
        for comment in ("", "turned")
    )
    assert silent.SOPInstanceUID != told.SOPInstanceUID
    assert not any(item.TextValue.startswith("reviewer:") for item in items_of(silent, "TEXT"))


def test_a_corrected_plan_names_its_reviewer_and_what_it_replaces(case, source, tmp_path):
    contour = case.callosum.contour_mm
    first = report_of(source, case.outcome.document, contour)
    review = Review("Dr. Änne = Müller\\", "genu cut off:\n=3\x00mm", first)
    second = report_of(source, corrected(case), contour, review)
    names = [str(item.PersonName) for item in items_of(second, "PNAME")]
    assert names == ["Dr. Änne   Müller^"]
    remarks = [item.TextValue for item in items_of(groups_of(second)["final pose"], "TEXT")]
    assert "reviewer: genu cut off: =3mm" in remarks
    assert second.InstanceNumber == 2
    (study,) = second.PredecessorDocumentsSequence
    (series,) = study.ReferencedSeriesSequence
    (instance,) = series.ReferencedSOPSequence
    assert instance.ReferencedSOPInstanceUID == first.SOPInstanceUID
    angle = numbers_of(groups_of(second)["final pose"])["1483009"]
    assert angle == pytest.approx(case.outcome.document["final"]["angle_deg"] + 2)
    second.save_as(tmp_path / "sr.dcm", enforce_file_format=True)
    assert not validator_errors(tmp_path / "sr.dcm")


def test_error_bars_are_told_of_the_angle(case, source, tmp_path):
    document = copy.deepcopy(case.outcome.document)
    bars = {"angle95_deg": 1.25, "centre95_mm": 2.0, "plane95_deg": 0.75, "reasons": {}}
    document["uncertainty"] |= bars
    report = report_of(source, document, case.callosum.contour_mm)
    final = groups_of(report)["final pose"]
    (angle,) = (
        item
        for item in items_of(final, "NUM")
        if item.ConceptNameCodeSequence[0].CodeValue == "1483009"
    )
    told = numbers_of(angle)
    assert told["371886008"] == told["371885007"] == 1.25
    units = [
        i.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0] for i in items_of(angle, "NUM")
    ]
    assert {unit.CodeValue for unit in units} == {"deg"}
    words = [item.TextValue for item in items_of(final, "TEXT")]
    assert (
        "Error bars, for 95 % of cases like this one: angle 1.2 degrees, centre 2.0 mm, "
        "midsagittal plane 0.8 degrees." in words
    )
    report.save_as(tmp_path / "sr.dcm", enforce_file_format=True)
    assert not validator_errors(tmp_path / "sr.dcm")


def test_without_error_bars_none_are_told(case, source):
    document = copy.deepcopy(case.outcome.document)
    document["uncertainty"] |= dict.fromkeys(("angle95_deg", "centre95_mm", "plane95_deg"))
    final = groups_of(report_of(source, document, case.callosum.contour_mm))["final pose"]
    assert not any("Error bars" in item.TextValue for item in items_of(final, "TEXT"))


def test_a_principal_axis_names_no_genu_and_no_splenium(case, source):
    document = copy.deepcopy(case.outcome.document)
    document["line"]["kind"] = "principal_axis"
    groups = groups_of(report_of(source, document, case.callosum.contour_mm))
    assert "genu" not in groups
    assert "reference line" in groups


def test_what_was_not_measured_is_said_of_the_plan_and_of_each_stack(case, source):
    document, contour = case.outcome.document, case.callosum.contour_mm
    assumed = copy.deepcopy(document)
    for stack in assumed["planes"].values():
        stack["assumed"] = ["tilt", "turn"]
    said, silent = (
        [item.TextValue for item in items_of(report_of(source, plan, contour), "TEXT")]
        for plan in (assumed, document)
    )
    words = "tilt and turn assumed, not measured"
    assert f"Plan: {words}." in said
    assert f"Callosum: {document['finding']['kind']}." in silent
    assert {f"{name}: {words}" for name in assumed["planes"]} <= set(said)
    assert not any("assumed" in text for text in silent)


def test_a_document_without_a_plan_is_refused(case, source):
    document = {**case.outcome.document, "planes": None, "status": "no_callosum"}
    with pytest.raises(InputError, match="no_callosum") as caught:
        report_of(source, document, case.callosum.contour_mm)
    assert caught.value.code == "no_plan"


def test_the_outline_comes_back_from_the_report_or_else_from_the_mask(case, source, tmp_path):
    document, contour = case.outcome.document, case.callosum.contour_mm
    place = Plan.from_document(document).midsagittal
    with pytest.raises(InputError, match="infer") as caught:
        contour_of_case(tmp_path, place)
    assert caught.value.code == "no_outline"
    mask = slice_nifti_bytes(case.mask, case.callosum.slice_image)
    (tmp_path / "mask.nii.gz").write_bytes(mask)
    traced = contour_of_case(tmp_path, place)
    gaps = np.linalg.norm(traced[:, None] - contour[None], axis=2).min(axis=1)
    assert gaps.max() < 0.6  # a pixel of the mask
    report = report_of(source, document, contour)
    report.save_as(tmp_path / "plan_sr.dcm", enforce_file_format=True)
    np.testing.assert_allclose(contour_of_case(tmp_path, place), contour, atol=1e-3)


def test_private_codes_fit_the_short_value_of_the_standard():
    own = [*concepts.LINES.values(), *concepts.STACKS.values(), *concepts.STATUSES.values()]
    own += [code for name, code in vars(concepts).items() if name.isupper() and len(code) == 4]
    own = [code for code in own if getattr(code, "scheme_designator", "") == concepts.SCHEME]
    assert len(own) > 15
    assert all(len(code.value) <= 16 and len(code.meaning) <= 64 for code in own)


def test_the_confidence_and_reasons_are_told(case, source):
    document = {**case.outcome.document, "status": "low_confidence", "reasons": ["blurred"]}
    report = report_of(source, document, case.callosum.contour_mm)
    texts = [item.TextValue for item in items_of(report, "TEXT")]
    assert "reason: blurred" in texts
    statuses = [item.ConceptCodeSequence[0].CodeValue for item in items_of(report, "CODE")]
    assert "low-confidence" in statuses


def test_the_path_of_no_file_is_told(case, source, tmp_path: Path):
    report = report_of(source, case.outcome.document, case.callosum.contour_mm)
    assert str(Path(case.case.content.header.file.path).parent) not in str(report)


def test_the_report_says_which_line_a_protocol_follows_and_what_it_assumed(case, source):
    document = copy.deepcopy(case.outcome.document)
    document["protocol"] = {
        "name": "own", "angle_offset_deg": 0.0,
        "line": {"kind": "hippocampal", "angle_deg": -20.0, "measured": False, "spread_deg": 3.4},
        "center": {"kind": "final", "measured": True}, "commissures": {"reason": None},
    }  # fmt: skip
    document["planes"]["coronal"]["assumed"] = ["pitch"]
    report = report_of(source, document, case.callosum.contour_mm)
    told = "; ".join(str(item.value) for item in report.iterall() if item.keyword == "TextValue")
    assert "Protocol own: hippocampal line -20.0" in told
    assert "assumed \N{PLUS-MINUS SIGN} 3.4" in told
    assert "coronal: pitch assumed, not measured" in told
