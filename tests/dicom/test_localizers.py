"""Which stacks belong together as one scout, and which never do; headers alone are read."""

import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from callosal.pipelines.dicom.headers import Header, scan
from callosal.pipelines.dicom.localizers import Fuse, Localizer, find_localizers, orientation_of
from callosal.pipelines.dicom.stacks import Stack, find_stacks
from tests.dicom.make_series import (
    AXIAL,
    CORONAL,
    SAGITTAL,
    SeriesRecipe,
    make_series,
    write_slices,
)

ORIENTATIONS = {"sagittal": SAGITTAL, "coronal": CORONAL, "axial": AXIAL}


def part(
    orientation: str, number: int, n_slices: int = 3, distance_mm: float = 12.0, **tags: object
) -> list[Dataset]:
    """The slices of one orientation, a series of their own."""
    recipe = SeriesRecipe(
        n_slices=n_slices,
        slice_spacing_mm=distance_mm,
        orientation=ORIENTATIONS[orientation],
        number=number,
        tags={"SliceThickness": 8.0, "EchoTime": 4.0, "RepetitionTime": 9.0, **tags},
    )
    return make_series(recipe)


def scout(first: int = 1, apart: bool = True, **tags: object) -> list[Dataset]:
    """All three orientations: a series each, or one series."""
    if apart:
        return [one for i, name in enumerate(ORIENTATIONS) for one in part(name, first + i, **tags)]
    tags = {"SeriesInstanceUID": f"1.2.3.{first}", "SeriesNumber": first, **tags}
    return [
        one for i, name in enumerate(ORIENTATIONS) for one in part(name, 10 * first + i, **tags)
    ]


def found_in(
    folder: Path, slices: Sequence[Dataset], fuse: Fuse = "scout"
) -> tuple[list[Localizer], list[Stack]]:
    write_slices(folder, slices)
    return find_localizers(find_stacks(h for h in scan(folder) if isinstance(h, Header)), fuse)


def numbers(stacks: Iterable[Stack]) -> list[int | None]:
    return sorted(stack.header.series_number or 0 for stack in stacks)


@pytest.mark.parametrize("apart", [True, False])
def test_three_orientations_are_one_scout(tmp_path: Path, apart: bool) -> None:
    (one,), others = found_in(tmp_path, scout(apart=apart))
    assert not others
    assert one.summary == "3 sagittal, 3 coronal and 3 axial slices"
    assert one.n_files == 9
    assert one.sagittal.slice_spacing_mm == pytest.approx(12)
    assert ("in a row" in one.reason) == apart


def test_two_orientations_with_a_sagittal_one_are_a_scout(tmp_path: Path) -> None:
    slices = part("sagittal", 1) + part("axial", 2, n_slices=5)
    (one,), others = found_in(tmp_path, slices)
    assert (one.summary, others) == ("3 sagittal and 5 axial slices", [])


@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize("second", [4, 21])
def test_two_scouts_of_one_study_stay_two(tmp_path: Path, apart: bool, second: int) -> None:
    found, others = found_in(tmp_path, scout(1, apart) + scout(second, apart))
    assert not others
    assert [one.summary for one in found] == ["3 sagittal, 3 coronal and 3 axial slices"] * 2
    groups = sorted(numbers(one.stacks) for one in found)
    assert groups == (
        [[1, 2, 3], [second, second + 1, second + 2]] if apart else [[1] * 3, [second] * 3]
    )
    assert len({one.key for one in found}) == 2


@pytest.mark.parametrize("apart", [True, False])
def test_other_frames_of_reference_are_never_fused(tmp_path: Path, apart: bool) -> None:
    slices = scout(apart=apart)
    for index, one in enumerate(slices):
        one.FrameOfReferenceUID = f"1.2.3.90.{index // 3}"
    found, others = found_in(tmp_path, slices)
    assert (found, len(others)) == ([], 3)


def test_without_a_frame_of_reference_series_are_not_fused(tmp_path: Path) -> None:
    slices = scout()
    for one in slices:
        del one.FrameOfReferenceUID
    found, others = found_in(tmp_path, slices)
    assert (found, len(others)) == ([], 3)


def test_other_studies_are_never_fused(tmp_path: Path) -> None:
    slices = scout()
    for index, one in enumerate(slices):
        one.StudyInstanceUID = f"1.2.{index // 3}"
    assert found_in(tmp_path, slices)[0] == []


def test_routine_2d_series_of_an_exam_are_not_fused(tmp_path: Path) -> None:
    slices = [
        one
        for i, name in enumerate(ORIENTATIONS)
        for one in part(name, i + 1, n_slices=25, distance_mm=5.5, SliceThickness=5.0)
    ]
    found, others = found_in(tmp_path, slices)
    assert (found, numbers(others)) == ([], [1, 2, 3])


@pytest.mark.parametrize(
    ("tag", "value"), [("EchoTime", 90.0), ("RepetitionTime", 4000.0), ("SliceThickness", 4.0)]
)
def test_series_that_were_acquired_otherwise_are_not_fused(
    tmp_path: Path, tag: str, value: float
) -> None:
    slices = part("sagittal", 1) + part("coronal", 2, **{tag: value})
    found, others = found_in(tmp_path, slices)
    assert (found, len(others)) == ([], 2)


def test_an_exam_is_fused_when_asked_within_one_frame_of_reference(tmp_path: Path) -> None:
    slices = [
        *part("sagittal", 1),
        *part("coronal", 7, n_slices=25, distance_mm=5.5, EchoTime=90.0),
        *part("axial", 9, FrameOfReferenceUID="1.2.3.91"),
        *part("sagittal", 12, n_slices=24, distance_mm=2.0),  # a volume
    ]
    (one,), others = found_in(tmp_path, slices, "exam")
    assert numbers(one.stacks) == [1, 7]
    assert numbers(others) == [9, 12]


def test_series_far_apart_in_an_exam_are_not_fused(tmp_path: Path) -> None:
    found, others = found_in(tmp_path, part("sagittal", 1) + part("coronal", 7))
    assert (found, len(others)) == ([], 2)


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_a_single_orientation_stays_what_it_is(tmp_path: Path, name: str) -> None:
    slices = part(name, 1, n_slices=5)
    write_slices(tmp_path, slices)
    alone = find_stacks(h for h in scan(tmp_path) if isinstance(h, Header))
    found, others = find_localizers(alone)
    assert (found, tuple(others)) == ([], alone)
    assert alone[0].is_kept == (name == "sagittal")


def test_a_scout_without_sagittal_slices_is_none(tmp_path: Path) -> None:
    found, others = found_in(tmp_path, part("coronal", 1) + part("axial", 2))
    assert found == []
    assert {stack.code for stack in others} == {"no_sagittal_view"}


def test_a_volume_beside_a_scout_stays_a_volume(tmp_path: Path) -> None:
    volume = make_series(
        SeriesRecipe(n_slices=60, slice_spacing_mm=2.0, orientation=AXIAL, number=4)
    )
    (one,), (other,) = found_in(tmp_path, scout() + volume)
    assert numbers(one.stacks) == [1, 2, 3]
    assert (len(other.planes), other.header.series_number) == (60, 4)


@pytest.mark.parametrize("apart", [True, False])
def test_the_order_of_files_and_of_stacks_changes_nothing(tmp_path: Path, apart: bool) -> None:
    slices = scout(1, apart) + scout(4, apart)
    write_slices(tmp_path, slices)
    headers = [h for h in scan(tmp_path) if isinstance(h, Header)]
    first, _ = find_localizers(find_stacks(headers))
    for seed in range(5):
        draw = random.Random(seed)
        stacks = list(find_stacks(draw.sample(headers, len(headers))))
        draw.shuffle(stacks)
        again, _ = find_localizers(stacks)
        assert {one.key: one for one in again} == {one.key: one for one in first}


def test_the_order_of_series_changes_nothing_but_their_numbers(tmp_path: Path) -> None:
    recipes = [part("sagittal", 1), part("coronal", 2), part("axial", 3)]
    other = [part("axial", 1), part("sagittal", 2), part("coronal", 3)]
    (one,), _ = found_in(tmp_path / "a", [slice_ for series in recipes for slice_ in series])
    (two,), _ = found_in(tmp_path / "b", [slice_ for series in other for slice_ in series])
    places = [
        [[list(plane.frame.position_lps_mm) for plane in stack.planes] for stack in found.stacks]
        for found in (one, two)
    ]
    assert places[0] == places[1]


@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_scout_with_a_slice_missing_is_still_one_scout(
    tmp_path: Path, apart: bool, orientation: str
) -> None:
    index = list(ORIENTATIONS).index(orientation)
    slices = scout(apart=apart)
    more = part(orientation, 1 + index if apart else 10 + index, n_slices=5)
    if not apart:
        for one in more:
            one.SeriesInstanceUID, one.SeriesNumber = "1.2.3.1", 1
    del more[1]
    (one,), others = found_in(tmp_path, [*slices[: 3 * index], *more, *slices[3 * index + 3 :]])
    assert not others
    counts = [4 if name == orientation else 3 for name in ORIENTATIONS]
    assert one.summary == "{} sagittal, {} coronal and {} axial slices".format(*counts)
    runs = [stack for stack in one.stacks if orientation_of(stack) == orientation]
    assert [len(stack.planes) for stack in runs] == [3, 1]
    assert runs[0].geometry.spacing[0] == pytest.approx(12)


def test_a_scout_whose_slices_lie_aside_of_each_other_is_one_scout(tmp_path: Path) -> None:
    """Some scanners centre each slice on its own, so they do not stand on one straight line."""
    slices = scout()
    moved = slices[4]
    moved.ImagePositionPatient = [
        x + 5.0 * (i == 0) for i, x in enumerate(moved.ImagePositionPatient)
    ]
    (one,), others = found_in(tmp_path, slices)
    assert not others
    assert one.summary == "3 sagittal, 3 coronal and 3 axial slices"
