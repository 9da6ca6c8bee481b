import subprocess
from dataclasses import replace
from pathlib import Path

import dcm2niix
import nibabel
import numpy as np
import pytest
from pydicom.uid import JPEGLSLossless

from callosal.models.errors import InputError
from callosal.pipelines.dicom.pixels import read_volume
from tests.dicom.make_series import (
    AXIAL,
    CORONAL,
    SeriesRecipe,
    make_enhanced,
    make_series,
    write_slices,
)
from tests.dicom.test_stacks import stacks_of, written

RECIPE = SeriesRecipe()


def assert_same_voxels(volume, image) -> None:
    """Every voxel of a NIfTI image has its twin in a volume, at the same place to 1e-3 mm."""
    ras = np.diag([-1, -1, 1, 1]) @ volume.affine
    to_ours = np.linalg.inv(ras) @ image.affine
    rounded = np.round(to_ours)
    corners = np.indices((2, 2, 2)).reshape(3, -1) * (np.array(image.shape)[:, None] - 1)
    corners = np.vstack([corners, np.ones(8)])
    np.testing.assert_allclose(ras @ rounded @ corners, image.affine @ corners, atol=1e-3)
    indices = np.indices(image.shape).reshape(3, -1)
    ours = (rounded[:3, :3] @ indices + rounded[:3, 3:]).astype(int)
    np.testing.assert_array_equal(volume.array[tuple(ours)], np.asarray(image.dataobj).ravel())


def convert(folder: Path, output: Path):
    """What dcm2niix makes of a folder that holds one series."""
    output.mkdir()
    command = [dcm2niix.bin, "-z", "n", "-b", "n", "-f", "%s", "-o", str(output), str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    (path,) = output.glob("*.nii")
    return nibabel.load(path)


def test_voxels_keep_their_integer_type_and_place(tmp_path: Path):
    (stack,) = written(tmp_path, make_series(RECIPE))
    volume = read_volume(stack)
    assert volume.dtype == np.uint16
    assert volume.frame_of_reference_uid == "1.2.3.99"
    np.testing.assert_array_equal(volume.array, [RECIPE.pixels(index) for index in range(10)])
    np.testing.assert_allclose(
        volume.affine, [[-5, 0, 0, -25], [0, 0, 9, -70], [0, -8, 0, 80], [0, 0, 0, 1]], atol=1e-12
    )


@pytest.mark.parametrize("make", [make_series, lambda recipe: [make_enhanced(recipe)]])
def test_each_slice_is_rescaled_by_its_own_line(tmp_path: Path, make):
    slices = make(RECIPE)
    if len(slices) > 1:
        for index, ds in enumerate(slices):
            ds.RescaleSlope, ds.RescaleIntercept = 1 + index, -index
    (stack,) = written(tmp_path, slices)
    volume = read_volume(stack)
    assert volume.dtype == np.float32
    expected = [RECIPE.pixels(index) * (1.0 + index) - index for index in range(10)]
    np.testing.assert_array_equal(volume.array, np.float32(expected))


def test_an_identity_rescale_keeps_integers(tmp_path: Path):
    recipe = replace(RECIPE, tags={"RescaleSlope": 1, "RescaleIntercept": 0})
    (stack,) = written(tmp_path, make_series(recipe))
    assert read_volume(stack).dtype == np.uint16


def test_compressed_slices_decode_in_threads_in_order(tmp_path: Path):
    slices = make_series(RECIPE)
    for ds in slices:
        ds.compress(JPEGLSLossless, generate_instance_uid=False)
    (stack,) = written(tmp_path, slices)
    np.testing.assert_array_equal(
        read_volume(stack).array, [RECIPE.pixels(index) for index in range(10)]
    )


def test_a_slice_that_went_after_the_scan_is_named_without_its_folder(tmp_path: Path):
    paths = write_slices(tmp_path, make_series(RECIPE))
    (stack,) = stacks_of(tmp_path)
    paths[4].unlink()
    with pytest.raises(InputError, match=paths[4].name) as caught:
        read_volume(stack)
    assert str(tmp_path) not in str(caught.value)


OBLIQUE = (0.05378, 0.96501, 0.25663, 0.01811, 0.25602, -0.96650)
FLIPPED = (0.0, -1.0, 0.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize("orientation", [RECIPE.orientation, AXIAL, CORONAL, OBLIQUE, FLIPPED])
def test_made_series_equal_dcm2niix(tmp_path: Path, orientation):
    recipe = replace(RECIPE, n_slices=12, orientation=orientation)
    (stack,) = written(tmp_path / "in", make_series(recipe))
    assert_same_voxels(read_volume(stack), convert(tmp_path / "in", tmp_path / "out"))


@pytest.mark.shared
@pytest.mark.parametrize("name", ["sag-mprage-3t", "brainix/T1", "brainix/FLAIR", "xa30-enhanced"])
def test_real_series_equal_dcm2niix(shared_data: Path, tmp_path: Path, name: str):
    folder = shared_data / "dicom" / name
    (stack,) = stacks_of(folder)
    assert_same_voxels(read_volume(stack), convert(folder, tmp_path / "out"))


@pytest.mark.shared
def test_the_enhanced_series_equals_its_reference(shared_data: Path):
    (stack,) = stacks_of(shared_data / "dicom" / "xa30-enhanced")
    image = nibabel.load(shared_data / "reference" / "5_anat-T1w_acq-tfl.nii.gz")
    assert_same_voxels(read_volume(stack), image)


@pytest.mark.shared
def test_slices_of_the_real_series_lie_where_their_headers_say(shared_data: Path):
    for stack in stacks_of(shared_data / "dicom"):
        affine = stack.geometry.affine
        for index, plane in enumerate(stack.planes):
            place = affine[:3] @ [index, 0, 0, 1]
            np.testing.assert_allclose(place, plane.position_lps_mm, atol=1e-3)
