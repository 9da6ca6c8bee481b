from pathlib import Path

import pytest

from callosal.models.errors import InputError
from callosal.pipelines.dicom.grouping import Plane, split_series
from callosal.pipelines.dicom.headers import Header, scan
from callosal.pipelines.dicom.time_points import split_time_points
from tests.dicom.make_series import SeriesRecipe, make_series, write_slices

RECIPE = SeriesRecipe(n_slices=4)


def planes_of(folder: Path, slices) -> list[Plane]:
    write_slices(folder, slices)
    (planes,) = split_series(found for found in scan(folder) if isinstance(found, Header))
    return planes


def two_points(**second: object):
    later = make_series(RECIPE)
    for ds in later:
        ds.SOPInstanceUID += ".2"
        ds.PixelData = RECIPE.pixels(50).tobytes()
        for keyword, value in second.items():
            setattr(ds, keyword, value)
    return make_series(RECIPE) + later


def test_distinct_places_are_one_point(tmp_path: Path):
    planes = planes_of(tmp_path, make_series(RECIPE))
    times = split_time_points(planes)
    assert (times.points, times.n_copies) == ((tuple(planes),), 0)


def test_a_point_that_lacks_slices_is_still_told_apart(tmp_path: Path):
    slices = two_points(InversionTime=100)
    times = split_time_points(planes_of(tmp_path, slices[:-1]))
    assert [len(point) for point in times.points] == [3, 4]
    assert times.points[0][0].frame.inversion_time_ms == 100


def test_points_without_any_mark_contradict(tmp_path: Path):
    with pytest.raises(InputError, match="4 of 4 slice positions") as caught:
        split_time_points(planes_of(tmp_path, two_points()))
    assert caught.value.code == "duplicate_positions"


def test_a_copied_folder_is_counted_as_copies(tmp_path: Path):
    times = split_time_points(planes_of(tmp_path, make_series(RECIPE) * 2))
    assert ([len(point) for point in times.points], times.n_copies) == ([4], 4)


def test_copies_of_several_time_points(tmp_path: Path):
    times = split_time_points(planes_of(tmp_path, two_points(InversionTime=100) * 2))
    assert ([len(point) for point in times.points], times.n_copies) == ([4, 4], 8)
