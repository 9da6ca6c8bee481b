"""What is whole and what is not, on a clock that is turned by hand."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from callosal.models.errors import InputError
from callosal.pipelines.dicom.localizers import MAX_SLICES_APART
from callosal.pipelines.reading.cases import index_files
from callosal.pipelines.service.arrivals import PATIENCE, Arrival, Arrivals
from tests.dicom.make_series import (
    AXIAL,
    CORONAL,
    SAGITTAL,
    SeriesRecipe,
    make_enhanced,
    make_series,
    write_slices,
)

QUIET_S = 10.0


class Clock:
    """Seconds that grow when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Watched:
    """A folder, the clock, and looks at it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(exist_ok=True)
        self.clock = Clock()
        self.arrivals = Arrivals(root, QUIET_S, self.clock)

    def after(self, seconds: float, at_most: int = 10_000) -> list[Arrival]:
        self.clock.now += seconds
        self.arrivals.look()
        return self.arrivals.take(at_most)


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path / "in")


@pytest.fixture
def series(tmp_path: Path) -> list[Path]:
    return write_slices(tmp_path / "from", make_series(SeriesRecipe(n_slices=6)))


def _names(taken: Sequence[Arrival]) -> list[int]:
    return [len(arrival.entries) for arrival in taken]


def test_a_series_is_given_once_and_only_when_it_has_come_to_rest(
    watched: Watched, series: list[Path]
) -> None:
    assert watched.after(0) == []
    for path in series:
        shutil.copy(path, watched.root)
        assert watched.after(QUIET_S - 1) == [], "files still come"
        assert not watched.arrivals.is_at_rest
    assert _names(watched.after(QUIET_S)) == [6]
    assert watched.arrivals.is_at_rest
    assert watched.after(1000) == []


def test_a_series_that_gains_changes_or_loses_a_file_is_given_again(
    watched: Watched, series: list[Path]
) -> None:
    for path in series[:5]:
        shutil.copy(path, watched.root)
    watched.after(0)
    assert _names(watched.after(QUIET_S)) == [5]
    shutil.copy(series[5], watched.root)
    assert watched.after(0) == []
    assert _names(watched.after(QUIET_S)) == [6]
    os.utime(watched.root / series[0].name, (1, 1))
    assert watched.after(0) == []
    assert _names(watched.after(QUIET_S)) == [6]
    (watched.root / series[1].name).unlink()
    assert watched.after(0) == []
    assert _names(watched.after(QUIET_S)) == [5]


@pytest.mark.parametrize("share", [0.0, 0.02, 0.6, 0.98])
def test_a_file_that_is_being_written_holds_its_series_back(
    share: float, watched: Watched, series: list[Path]
) -> None:
    for path in series[:5]:
        shutil.copy(path, watched.root)
    content = series[5].read_bytes()
    cut = int(share * len(content))
    place = watched.root / series[5].name
    for size in range(cut, cut + 5):
        place.write_bytes(content[:size])
        assert watched.after(QUIET_S - 1) == []
    place.write_bytes(content)
    assert watched.after(QUIET_S - 1) == []
    assert _names(watched.after(QUIET_S)) == [6]


def test_two_series_in_one_folder_do_not_wait_for_each_other(
    watched: Watched, series: list[Path], tmp_path: Path
) -> None:
    other = write_slices(tmp_path / "other", make_series(SeriesRecipe(n_slices=9, number=2)))
    for path in series:
        shutil.copy(path, watched.root)
    given = []
    for number, path in enumerate(other):
        shutil.copy(path, watched.root / f"other-{number}")
        given += watched.after(QUIET_S / 2)
    assert _names(given) == [6]
    assert _names(watched.after(QUIET_S)) == [9]


def test_a_log_that_grows_among_the_images_holds_nothing_back_for_ever(
    watched: Watched, series: list[Path]
) -> None:
    for path in series:
        shutil.copy(path, watched.root)
    given = []
    for number in range(PATIENCE + 2):
        (watched.root / "transfer.log").write_text("x" * 200 + "line\n" * number)
        given += watched.after(QUIET_S)
    assert _names(given) == [6]
    assert watched.arrivals.is_at_rest


def test_large_heaps_are_given_in_portions_and_no_series_is_split(
    watched: Watched, tmp_path: Path
) -> None:
    for number in (1, 2, 3):
        write_slices(watched.root / str(number), make_series(SeriesRecipe(4, number=number)))
    watched.after(0)
    assert _names(watched.after(QUIET_S, at_most=8)) == [4, 4]
    assert not watched.arrivals.is_at_rest
    assert _names(watched.after(0, at_most=1)) == [4]


def test_a_series_can_be_asked_for_again_later(watched: Watched, series: list[Path]) -> None:
    shutil.copy(series[0], watched.root)
    watched.after(0)
    (arrival,) = watched.after(QUIET_S)
    watched.arrivals.again(arrival.key, 60.0)
    assert watched.after(59) == []
    assert watched.after(2) == [arrival]
    watched.arrivals.again("series gone", 0.0)


def test_nothing_in_the_folder_is_changed(watched: Watched, series: list[Path]) -> None:
    for path in series:
        shutil.copy(path, watched.root)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in watched.root.iterdir()}
    watched.after(0)
    watched.after(QUIET_S)
    assert before == {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in watched.root.iterdir()
    }


def test_a_share_that_goes_and_comes_gives_its_series_again(
    watched: Watched, series: list[Path], tmp_path: Path
) -> None:
    shutil.copy(series[0], watched.root)
    watched.after(0)
    assert _names(watched.after(QUIET_S)) == [1]
    watched.root.rename(tmp_path / "away")
    with pytest.raises(InputError, match="not there"):
        watched.after(1)
    (tmp_path / "away").rename(watched.root)
    assert watched.after(1) == [], "the same files, so nothing has changed"


def test_slices_with_a_series_uid_each_arrive_as_one_series(watched: Watched) -> None:
    slices = make_series(SeriesRecipe(n_slices=6))
    for index, ds in enumerate(slices):
        ds.SeriesInstanceUID = f"1.2.3.77.{index}"
    paths = write_slices(watched.root, slices)
    broken = sorted(paths)[0]  # is met before any header of its series
    broken.write_bytes(broken.read_bytes()[:-10])
    watched.after(0)
    assert sorted(_names(watched.after(QUIET_S))) == [1, 5]


def test_slices_of_a_series_each_whatever_their_number_come_as_one(watched: Watched) -> None:
    slices = make_series(SeriesRecipe(n_slices=6))
    for index, ds in enumerate(slices):
        ds.SeriesInstanceUID, ds.SeriesNumber = f"1.2.3.77.{index}", 100 + index
    write_slices(watched.root, slices)
    whole = make_series(SeriesRecipe(n_slices=4, number=2))
    for index, ds in enumerate(whole):
        ds.save_as(watched.root / f"whole-{index}", enforce_file_format=True)
    watched.after(0)
    assert sorted(_names(watched.after(QUIET_S))) == [4, 6]
    assert watched.arrivals.is_at_rest


def test_a_broken_file_joins_its_series_whatever_comes_first(
    watched: Watched, series: list[Path]
) -> None:
    for path in series:
        shutil.copy(path, watched.root)
    first = watched.root / sorted(path.name for path in series)[0]
    first.write_bytes(first.read_bytes()[:-10])
    watched.after(0)
    assert _names(watched.after(QUIET_S)) == [6]


def _orientation(number: int, orientation: Sequence[float], n_slices: int = 5) -> list[Dataset]:
    """One series of a scout."""
    slices = make_series(
        SeriesRecipe(n_slices=n_slices, number=number, orientation=orientation, slice_spacing_mm=6)
    )
    for index, image in enumerate(slices):
        image.StudyInstanceUID, image.FrameOfReferenceUID = "1.2.3", "1.2.4"
        image.SeriesInstanceUID, image.SeriesNumber = f"1.2.3.{number}", number
        image.SOPInstanceUID = f"1.2.3.{number}.{index}"
    return slices


def test_the_orientations_of_a_scout_come_as_one(watched: Watched) -> None:
    for number, orientation in enumerate((SAGITTAL, CORONAL, AXIAL), start=1):
        write_slices(watched.root / str(number), _orientation(number, orientation))
    write_slices(watched.root / "whole", _orientation(4, SAGITTAL, MAX_SLICES_APART + 1))
    watched.after(0)
    taken = watched.after(QUIET_S)
    assert sorted(_names(taken)) == [15, MAX_SLICES_APART + 1]
    cases = [case.kind for one in taken for case in index_files(one.entries).cases]
    assert sorted(cases) == ["dicom", "localizer"]


def test_an_orientation_that_comes_later_brings_the_others_again(watched: Watched) -> None:
    write_slices(watched.root / "1", _orientation(1, SAGITTAL))
    watched.after(0)
    (first,) = watched.after(QUIET_S)
    write_slices(watched.root / "2", _orientation(2, CORONAL))
    assert watched.after(1) == []
    (both,) = watched.after(QUIET_S)
    assert (len(both.entries), {both.key, *both.others} > {first.key}) == (10, True)
    assert watched.arrivals.is_at_rest


def test_an_orientation_that_still_comes_holds_the_others_back(watched: Watched) -> None:
    write_slices(watched.root / "1", _orientation(1, SAGITTAL))
    watched.after(0)
    write_slices(watched.root / "2", _orientation(2, CORONAL))
    assert watched.after(QUIET_S - 1) == []
    assert watched.after(2) == [], "the first is quiet, the second is not"
    assert _names(watched.after(QUIET_S)) == [10]


@pytest.mark.parametrize("is_enhanced_first", [True, False])
def test_a_scan_that_comes_in_both_forms_comes_as_one(
    watched: Watched, is_enhanced_first: bool
) -> None:
    recipe = SeriesRecipe(n_slices=20)
    forms = [make_series(recipe), [make_enhanced(replace(recipe, number=2))]]
    other = make_series(SeriesRecipe(n_slices=20, number=3, tags={"StudyInstanceUID": "1.2.99"}))
    write_slices(watched.root / "other", other)
    for number, form in enumerate(reversed(forms) if is_enhanced_first else forms):
        write_slices(watched.root / str(number), form)
        watched.after(0)
    together, alone = sorted(watched.after(QUIET_S), key=lambda one: -len(one.entries))
    assert (len(together.entries), len(alone.entries)) == (21, 20)
    (case,) = index_files(together.entries).cases
    assert case.stack is not None
    assert case.stack.n_files == 20


def test_a_second_form_of_a_scan_brings_the_first_again(watched: Watched) -> None:
    recipe = SeriesRecipe(n_slices=20)
    write_slices(watched.root / "enhanced", [make_enhanced(replace(recipe, number=2))])
    watched.after(0)
    assert _names(watched.after(QUIET_S)) == [1]
    write_slices(watched.root / "classic", make_series(recipe))
    watched.after(0)
    (again,) = watched.after(QUIET_S)
    assert len(again.entries) == 21
    assert len(again.others) == 1
