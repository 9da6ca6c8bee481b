"""Which series are stations of one exam, and why the others are not."""

from pathlib import Path

import numpy as np
import pytest
from highdicom import Volume

import callosal
from callosal.models.errors import InputError
from callosal.pipelines.stitching.exams import find_exams
from tests.stitching.conftest import write_station


def _station(top_mm: float, rows: int = 40) -> Volume:
    """A few pixels of noise at a height: headers are what counts here."""
    affine = np.eye(4)
    affine[:3, :3] = np.stack([[-4.0, 0, 0], [0, 0, -5.0], [0, 5.0, 0]], axis=1)
    affine[:3, 3] = (4, -100, top_mm)
    pixels = np.random.default_rng(int(top_mm)).integers(0, 900, (3, rows, 30), np.uint16)
    return Volume(pixels, affine, "PATIENT")


def _codes(folder: Path) -> dict[str, str]:
    return {skip.label.rpartition(" ")[2]: skip.code for skip in find_exams([folder]).skipped}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_station(_station(400), tmp_path / "a", 2)
    write_station(_station(250), tmp_path / "b", 3)
    return tmp_path


def test_stations_are_found_from_the_head_down(folder: Path) -> None:
    write_station(_station(550), folder / "c", 1)
    index = find_exams([folder])
    (exam,) = index.exams
    assert [stack.header.series_number for stack in exam.stacks] == [1, 2, 3]
    assert exam.plane == "sagittal"
    assert index.skipped == ()


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ({"PatientID": "someone else"}, "other_patient"),
        ({"StudyInstanceUID": "2.25.99"}, "other_study"),
        ({"FrameOfReferenceUID": "2.25.99"}, "other_frame_of_reference"),
        ({"EchoTime": "11"}, "other_contrast"),
        ({"RepetitionTime": "600"}, "other_contrast"),
        ({"InversionTime": "160"}, "other_contrast"),
        ({"ImageType": ["DERIVED", "PRIMARY", "M", "W"]}, "other_contrast"),
        ({"ImageType": ["DERIVED", "PRIMARY", "M", "COMPOSED"]}, "already_joined"),
    ],
)
def test_what_parts_a_series_is_told(folder: Path, tags: dict[str, object], code: str) -> None:
    write_station(_station(100), folder / "c", 9, **tags)
    index = find_exams([folder])
    assert [len(exam.stacks) for exam in index.exams] == [2]
    assert _codes(folder) == {"9": code}


def test_two_contrasts_are_two_exams(folder: Path) -> None:
    for number, top in ((4, 400), (5, 250)):
        write_station(_station(top), folder / f"t1-{number}", number, EchoTime="10",
                      RepetitionTime="600")  # fmt: skip
    assert len(find_exams([folder]).exams) == 2


def test_times_that_differ_little_are_one_contrast(folder: Path) -> None:
    write_station(_station(100), folder / "c", 4, EchoTime="112", RepetitionTime="3800")
    assert [len(exam.stacks) for exam in find_exams([folder]).exams] == [3]


def test_of_a_repeated_station_the_later_is_taken(folder: Path) -> None:
    write_station(_station(252), folder / "again", 7)
    (exam,) = find_exams([folder]).exams
    assert [stack.header.series_number for stack in exam.stacks] == [2, 7]
    assert _codes(folder) == {"3": "repeated_station"}


def test_axial_and_coronal_slices_are_no_sagittal_station(folder: Path) -> None:
    turned = _station(100)
    axial = Volume(turned.array, turned.affine[[2, 1, 0, 3]], "PATIENT")
    coronal = Volume(turned.array, turned.affine[[1, 0, 2, 3]], "PATIENT")
    write_station(axial, folder / "axial", 8)
    write_station(coronal, folder / "coronal", 9)
    assert _codes(folder) == {"8": "not_along_table", "9": "other_orientation"}


def test_one_series_alone(tmp_path: Path) -> None:
    write_station(_station(400), tmp_path / "a", 2)
    index = find_exams([tmp_path])
    assert index.exams == ()
    assert [skip.code for skip in index.skipped] == ["alone"]


def test_a_folder_without_images(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        find_exams([tmp_path])
    assert refused.value.code == "empty_input"


def test_the_stations_of_an_exam_join_by_the_front_door(exam: Path) -> None:
    (found,) = find_exams([exam]).exams
    joined = callosal.stitch(found.load())
    assert joined.volume.spatial_shape[0] == 5
    assert joined.reasons == ()
