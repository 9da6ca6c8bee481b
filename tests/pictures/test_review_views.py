import nibabel as nib
import numpy as np
import pytest

from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.outputs.file_names import VIEWS
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.pictures.review_views import (
    ReviewViews,
    level_plan,
    quantised,
    reformats,
    view_files,
)
from callosal.pipelines.planning.head_extent import find_head, reach_of_head_mm
from callosal.pipelines.planning.plan import make_plan
from callosal.pipelines.settings import PlanSettings

LPS_TO_RAS = np.array([-1, -1, 1])


@pytest.fixture(scope="module")
def volume():
    return phantom_head(1, (60, 80, 80), (3.0, 3.0, 3.0)).volume


@pytest.fixture
def place():
    pixels = np.random.default_rng(0).normal(100, 30, (80, 70)).astype(np.float32)
    row_dir, col_dir = np.array([0.0, 1, 0]), np.array([0.0, 0, -1])
    return SliceImage(pixels, (2.0, 2.0), np.array([0.0, 5, 8]), row_dir, col_dir)


def saved(content, path):
    path.write_bytes(content)
    return nib.load(path)


def test_reformats_pass_through_the_centre_of_the_plan(volume, place):
    extent = reach_of_head_mm(find_head(volume), np.eye(3), place.center_lps_mm)
    plan = make_plan(place, RotatedBox((6, -4), (80, 40), -12.0), extent, PlanSettings())
    stacks = (plan.transverse, plan.coronal)
    for picture, stack in zip(reformats(volume, plan), stacks, strict=True):
        assert picture.spatial_shape[0] == 1
        normal = np.asarray(picture.affine)[:3, 0] / np.linalg.norm(picture.affine[:3, 0])
        assert abs(normal @ stack.normal) == pytest.approx(1, abs=1e-9)
        offset = plan.center_lps_mm - np.asarray(picture.affine)[:3, 3]
        assert offset @ normal == pytest.approx(0, abs=1e-6)
        assert picture.array.max() > 0


def test_without_a_pose_the_middle_of_the_slice_is_shown(volume, place):
    plan = level_plan(place, find_head(volume))
    np.testing.assert_allclose(plan.center_lps_mm, place.center_lps_mm)
    np.testing.assert_allclose(plan.transverse.col_dir, place.row_dir, atol=1e-9)


def test_files_keep_pictures_in_their_place(volume, place, tmp_path):
    head = find_head(volume)
    views = ReviewViews(place, reformats(volume, level_plan(place, head)), head)
    contents = view_files(views)
    assert set(contents) == set(VIEWS)
    image = saved(contents["midsagittal.nii.gz"], tmp_path / "midsagittal.nii.gz")
    assert image.shape == (*place.pixels.shape, 1)
    np.testing.assert_allclose(image.affine[:3, 3] * LPS_TO_RAS, place.origin_lps_mm, atol=1e-4)
    for name, picture in zip(("transverse", "coronal"), views.reformats, strict=True):
        image = saved(contents[f"{name}.nii.gz"], tmp_path / f"{name}.nii.gz")
        assert image.shape == picture.spatial_shape[::-1]
        corner = np.asarray(picture.affine)[:3, 3]
        np.testing.assert_allclose(image.affine[:3, 3] * LPS_TO_RAS, corner, atol=1e-4)


def test_a_localizer_has_no_reformats(volume, place):
    assert set(view_files(ReviewViews(place, (), find_head(volume)))) == {
        "midsagittal.nii.gz",
        "head.nii.gz",
    }


def test_gray_levels_keep_the_contrast():
    pixels = np.linspace(-50, 900, 5000, dtype=np.float32)
    levels = quantised(pixels)
    assert (levels.min(), levels.max()) == (0, 4095)
    assert np.abs(levels / 4095 * 950 - 50 - pixels).max() < 0.13


def test_an_empty_picture_stays_empty():
    assert not quantised(np.full((3, 3), 7, np.float32)).any()
