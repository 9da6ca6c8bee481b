import pytest

from callosal.pipelines.case.verdict import PLANE_FACTORS
from callosal.pipelines.pictures.first_cause import (
    CAUSES,
    SYMPTOMS,
    document_cause,
    first_cause,
)
from callosal.pipelines.pictures.reason_words import REASONS

THICK = {"kind": "dicom", "spacing_mm": [6.0, 0.9, 0.9], "orientation": "axial, tilted 12 deg"}
FLAIR = {"repetition_time_ms": 9000, "echo_time_ms": 90.0, "inversion_time_ms": 2500}


def test_every_code_is_known() -> None:
    assert (set(CAUSES) | SYMPTOMS) <= set(REASONS)
    assert set(PLANE_FACTORS) <= set(CAUSES)


def test_a_file_that_cannot_be_read_has_words_of_its_own() -> None:
    said = first_cause("failed", ["bad_nifti"], {})
    assert said == "Not planned: the file is cut, or its header contradicts its voxels."


def test_unfit_images_come_before_what_they_did_to_the_mask() -> None:
    assert "slices of 6 mm are too thick" in first_cause("low_confidence", ["not_arched"], THICK)
    told = first_cause("no_callosum", ["nothing_segmented"], FLAIR)
    assert told == (
        "No plan: the exam is FLAIR (TR 9000 ms, TE 90 ms), "
        "on which this network is less sure than on T1."
    )


def test_the_contrast_that_a_file_is_named_after_is_told() -> None:
    told = first_cause("low_confidence", ["weak_evidence"], {"kind": "nifti", "contrast": "PDw"})
    assert (
        told
        == "Not certain: the exam is proton density, on which this network is less sure than on T1."
    )


@pytest.mark.parametrize(
    "source",
    [{}, {**THICK, "kind": "localizer"}, {**THICK, "orientation": "sagittal"},
     {**THICK, "spacing_mm": [3.0, 1, 1]}, {"spacing_mm": "6", "echo_time_ms": "x"},
     {"repetition_time_ms": 4000, "echo_time_ms": 100, "inversion_time_ms": None}],
)  # fmt: skip
def test_images_that_are_fit_or_unknown_are_not_blamed(source: dict[str, object]) -> None:
    told = first_cause("no_callosum", ["nothing_segmented"], source)
    assert told == "No plan: no callosum was found."


def test_thick_slices_are_not_blamed_for_what_they_do_not_explain() -> None:
    told = first_cause("failed", ["decode_failed"], THICK)
    assert told == "Not planned: the pixels could not be decoded."


def test_an_assumed_angle_is_named_only_where_nothing_else_is() -> None:
    codes = ["tilt_and_turn_assumed", "area_out_of_range"]
    assert "area" in first_cause("low_confidence", codes, {})
    assert "sagittal slices alone" in first_cause("low_confidence", codes[:1], {})


def test_a_code_of_a_newer_version_and_a_broken_document_are_told() -> None:
    assert first_cause("failed", ["quite_new"], {}) == "Not planned: quite new."
    assert document_cause({"reasons": "x", "source": 3}) == ""
    assert document_cause({"status": "ok", "reasons": ["weak_evidence"]}) == ""
