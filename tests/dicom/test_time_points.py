from pathlib import Path

import pytest
from pydicom.uid import RLELossless

from callosal.models.errors import InputError
from callosal.pipelines.dicom import time_points
from callosal.pipelines.dicom.decode import read_frame_bytes
from callosal.pipelines.dicom.grouping import Plane, split_series
from callosal.pipelines.dicom.headers import Header, scan
from callosal.pipelines.dicom.time_points import split_time_points
from tests.dicom.make_series import SeriesRecipe, make_enhanced, make_series, write_slices

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


def test_one_image_in_two_encodings_is_a_copy(tmp_path: Path):
    """An archive that compresses what it keeps, exported beside the original."""
    slices = make_series(RECIPE)
    packed = make_series(RECIPE)
    for ds in packed:
        ds.SOPInstanceUID += ".2"
        ds.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
    times = split_time_points(planes_of(tmp_path, slices + packed))
    assert ([len(point) for point in times.points], times.n_copies) == ([4], 4)


def test_one_image_with_and_without_its_rescale_applied_is_a_copy(tmp_path: Path):
    slices, doubled = make_series(RECIPE), make_series(RECIPE)
    for index, ds in enumerate(doubled):
        ds.SOPInstanceUID += ".2"
        ds.PixelData = (RECIPE.pixels(index) // 2).tobytes()
        ds.RescaleSlope, ds.RescaleIntercept = 2, 0
    for index, ds in enumerate(slices):
        ds.PixelData = (RECIPE.pixels(index) // 2 * 2).tobytes()
    assert split_time_points(planes_of(tmp_path, slices + doubled)).n_copies == 4


def test_other_pixels_in_another_encoding_contradict(tmp_path: Path):
    slices = two_points()
    for ds in slices[4:]:
        ds.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
    with pytest.raises(InputError) as caught:
        split_time_points(planes_of(tmp_path, slices))
    assert caught.value.code == "duplicate_positions"


def test_an_enhanced_file_that_gives_one_place_to_all_frames_says_so(tmp_path: Path):
    image = make_enhanced(RECIPE)
    for index, groups in enumerate(image.PerFrameFunctionalGroupsSequence):
        groups.PlanePositionSequence[0].ImagePositionPatient = RECIPE.position(0)
        groups.FrameContentSequence[0].TemporalPositionIndex = None if index else 1
    with pytest.raises(InputError, match="all 4 frames lie at one place") as caught:
        split_time_points(planes_of(tmp_path, [image]))
    assert caught.value.code == "missing_tags"


def test_many_images_at_one_place_are_read_once_each(tmp_path: Path, monkeypatch):
    slices = make_series(SeriesRecipe(n_slices=40))
    for ds in slices:
        ds.ImagePositionPatient = slices[0].ImagePositionPatient
    planes = planes_of(tmp_path, slices)
    read: list[str] = []

    def count(header: Header, index: int) -> bytes:
        read.append(header.file.path)
        return read_frame_bytes(header, index)

    monkeypatch.setattr(time_points, "read_frame_bytes", count)
    with pytest.raises(InputError, match="all 40 images lie at one place") as caught:
        split_time_points(planes)
    assert caught.value.code == "duplicate_positions"
    assert len(read) <= 2 * len(planes)
