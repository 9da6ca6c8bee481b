"""One volume under many series UIDs, several patients under one: one case or none, never many."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from callosal.pipelines.dicom.pixels import read_volume
from tests.dicom.make_series import SeriesRecipe, make_series
from tests.dicom.test_stacks import verdicts, written

RECIPE = SeriesRecipe(n_slices=24, slice_spacing_mm=3.0)
TIMES = ("SeriesTime", "AcquisitionTime")


def changed(**values: Callable[[int], object]) -> list[Dataset]:
    """The series with tags that follow from the index of the slice."""
    slices = make_series(RECIPE)
    for index, ds in enumerate(slices):
        for keyword, value in values.items():
            setattr(ds, keyword, value(index))
    return slices


def fresh(_: int) -> str:
    return generate_uid()


@pytest.mark.parametrize(
    ("series", "others"),
    [
        (fresh, {}),
        (lambda index: f"1.2.{index % 2}", {}),
        (lambda index: f"1.2.{index // 12}", {}),
        (lambda index: f"1.2.{int(index == 11)}", {}),
        (fresh, {"SeriesNumber": lambda _: None, "SeriesTime": lambda _: "101500"}),
        (fresh, {"SeriesNumber": lambda i: i, "AcquisitionTime": lambda _: "101500.25"}),
        (fresh, {"SOPInstanceUID": fresh, "EchoTime": lambda i: 2.5 + 0.01 * (i % 3)}),
    ],
)
def test_slices_of_one_number_or_time_are_one_volume_with_a_note(tmp_path: Path, series, others):
    (stack,) = written(tmp_path, changed(SeriesInstanceUID=series, **others))
    assert verdicts([stack]) == [(24, "")]
    assert "series of one number or time" in stack.notes[0]
    expected = [RECIPE.pixels(index) for index in range(24)]
    np.testing.assert_array_equal(read_volume(stack).array, expected)


@pytest.mark.parametrize(
    "others",
    [
        {"SeriesNumber": lambda index: index},
        {"SeriesNumber": lambda _: None},
        {"StudyInstanceUID": fresh},
        {"FrameOfReferenceUID": fresh},
        {"StudyInstanceUID": fresh, "FrameOfReferenceUID": fresh, "PatientID": fresh},
    ],
)
def test_slices_that_nothing_ties_together_are_refused_together(tmp_path: Path, others):
    (stack,) = written(tmp_path, changed(SeriesInstanceUID=fresh, **others))
    assert verdicts([stack]) == [(24, "scattered_series")]
    assert "1.2" not in stack.reason


def test_two_halves_that_nothing_ties_together_are_refused_together(tmp_path: Path):
    slices = changed(SeriesInstanceUID=lambda i: f"1.2.{i // 12}", SeriesNumber=lambda i: i // 12)
    assert verdicts(written(tmp_path, slices)) == [(24, "scattered_series")]


def test_two_scattered_volumes_of_one_grid_are_refused_together(tmp_path: Path):
    first = changed(SeriesInstanceUID=fresh)
    second = changed(SeriesInstanceUID=fresh, SOPInstanceUID=fresh)
    stacks = written(tmp_path, first + second)
    assert not any(stack.is_kept for stack in stacks)


def test_other_series_of_the_same_grid_stay_as_they_are(tmp_path: Path):
    scattered = changed(SeriesInstanceUID=fresh, SeriesNumber=lambda _: 2, SOPInstanceUID=fresh)
    stacks = written(tmp_path, make_series(RECIPE) + scattered)
    assert verdicts(stacks) == [(24, ""), (24, "")]
    assert [bool(stack.notes) for stack in stacks] == [False, True]


def test_scouts_whose_slices_happen_to_interleave_stay_two(tmp_path: Path):
    scout = replace(RECIPE, n_slices=3, slice_spacing_mm=20, number=1)
    again = replace(scout, origin_lps_mm=(-15.0, -70.0, 80.0), number=2)
    stacks = written(tmp_path, make_series(scout) + make_series(again))
    assert verdicts(stacks) == [(3, ""), (3, "")]


PERSONS = {
    "PatientID": ("MARKER-1", "MARKER-2"),
    "PatientName": ("MARKER-1", "MARKER-2"),
    "PatientBirthDate": ("19400101", "19500202"),
    "IssuerOfPatientID": ("MARKER-1", "MARKER-2"),
    "PatientSex": ("F", "M"),
}


@pytest.mark.parametrize("keyword", PERSONS)
@pytest.mark.parametrize("series", [lambda _: "1.2.3.1", fresh])
def test_two_patients_under_one_series_are_refused_by_hash(tmp_path: Path, keyword: str, series):
    values = PERSONS[keyword]
    slices = changed(SeriesInstanceUID=series, **{keyword: lambda index: values[index // 12]})
    (stack,) = written(tmp_path, slices)
    assert verdicts([stack]) == [(24, "several_patients")]
    assert "2 different patients" in stack.reason
    assert not {*values} & {*stack.planes[0].header.person}
    assert not any(value in repr(stack.planes[0].header) for value in values if len(value) > 1)


def test_one_patient_written_in_two_ways_is_one(tmp_path: Path):
    names = ("Marker^Patient", "MARKER^PATIENT^^")
    slices = changed(
        PatientName=lambda i: names[i % 2],
        PatientID=lambda i: ("A1", None)[i % 2],
        PatientSex=lambda i: ("F", "O")[i % 2],
    )
    assert verdicts(written(tmp_path, slices)) == [(24, "")]


def test_a_slice_of_another_study_that_fits_a_gap_of_joined_slices_is_refused_with_them(
    tmp_path: Path,
):
    slices = changed(SeriesInstanceUID=lambda i: f"1.2.3.{(i == 5) + 1}")
    slices[12].StudyInstanceUID, slices[12].SeriesInstanceUID = "1.2.8", "1.2.9"
    assert verdicts(written(tmp_path, slices)) == [(24, "scattered_series")]


def test_a_slice_beside_slices_that_are_refused_is_no_case_of_its_own(tmp_path: Path):
    slices = changed(PatientID=lambda i: ("A", "B")[i == 3])
    slices[23].StudyInstanceUID, slices[23].SeriesInstanceUID = "1.2.8", "1.2.9"
    assert verdicts(written(tmp_path, slices)) == [(24, "several_patients")]
