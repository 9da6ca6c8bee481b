from pathlib import Path

import nibabel
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from callosal.models.errors import InputError
from callosal.pipelines.reading.nifti import read_nifti, read_nifti_geometry

VOXELS = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6)


def oblique() -> np.ndarray:
    affine = np.eye(4)
    rotation = Rotation.from_euler("xyz", [10, -20, 30], degrees=True).as_matrix()
    affine[:3, :3] = rotation * [1.5, 2.0, 2.5]
    affine[:3, 3] = [-10, 20, 30]
    return affine


def save(path: Path, voxels=VOXELS, affine=None, sform=1, qform=1):
    image = nibabel.Nifti1Image(voxels, oblique() if affine is None else affine)
    image.set_sform(image.affine, sform)
    image.set_qform(np.eye(4) if affine is None else image.affine, qform, strip_shears=True)
    image.to_filename(path)
    return path


def code_of(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_nifti(path)
    message = str(caught.value)
    assert message.startswith(path.name)
    assert str(path.parent) not in message
    return caught.value.code


@pytest.mark.parametrize("name", ["x.nii", "x.nii.gz"])
def test_voxels_and_place(tmp_path: Path, name: str):
    volume = read_nifti(save(tmp_path / name))
    np.testing.assert_array_equal(volume.array, VOXELS)
    assert volume.dtype == np.int16
    np.testing.assert_allclose(volume.affine, np.diag([-1, -1, 1, 1]) @ oblique(), atol=1e-4)


def test_the_geometry_alone_agrees(tmp_path: Path):
    path = save(tmp_path / "x.nii")
    geometry, volume = read_nifti_geometry(path), read_nifti(path)
    np.testing.assert_array_equal(geometry.affine, volume.affine)
    assert geometry.spatial_shape == volume.spatial_shape


@pytest.mark.parametrize(
    ("sform", "qform", "shift_mm"), [(1, 1, 100), (4, 1, 100), (1, 0, 100), (0, 1, 0)]
)
def test_the_sform_wins_where_it_has_a_code(tmp_path: Path, sform: int, qform: int, shift_mm: int):
    image = nibabel.Nifti1Image(VOXELS, None)
    shifted = np.eye(4)
    shifted[2, 3] = 100
    image.set_qform(np.eye(4), qform)
    image.set_sform(shifted, sform)
    image.to_filename(tmp_path / "x.nii")
    assert read_nifti(tmp_path / "x.nii").affine[2, 3] == shift_mm


def test_no_code_is_refused(tmp_path: Path):
    assert code_of(save(tmp_path / "x.nii", sform=0, qform=0)) == "no_orientation"


@pytest.mark.parametrize(("unit", "factor"), [("mm", 1), ("meter", 1000), ("micron", 0.001)])
def test_units_of_length(tmp_path: Path, unit: str, factor: float):
    image = nibabel.Nifti1Image(VOXELS, np.eye(4))
    image.header.set_xyzt_units(unit)
    image.to_filename(tmp_path / "x.nii")
    np.testing.assert_allclose(read_nifti(tmp_path / "x.nii").spacing, factor)


def test_one_time_point_is_squeezed_and_two_are_refused(tmp_path: Path):
    assert read_nifti(save(tmp_path / "1.nii", VOXELS[..., None])).spatial_shape == (4, 5, 6)
    assert code_of(save(tmp_path / "2.nii", np.stack([VOXELS, VOXELS], -1))) == "not_3d"


def test_a_2d_image_is_one_slice(tmp_path: Path):
    assert read_nifti(save(tmp_path / "x.nii", VOXELS[0])).spatial_shape == (5, 6, 1)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_voxels_that_are_not_numbers(tmp_path: Path, value: float):
    voxels = VOXELS.astype(np.float32)
    voxels[1, 2, 3] = value
    assert code_of(save(tmp_path / "x.nii", voxels)) == "not_finite"


def test_scaled_voxels_become_float32(tmp_path: Path):
    image = nibabel.Nifti1Image(VOXELS, np.eye(4))
    image.header.set_slope_inter(0.5, 3)
    image.to_filename(tmp_path / "x.nii")
    volume = read_nifti(tmp_path / "x.nii")
    assert volume.dtype == np.float32
    np.testing.assert_array_equal(volume.array, VOXELS * np.float32(0.5) + 3)


def test_complex_voxels_are_refused(tmp_path: Path):
    assert code_of(save(tmp_path / "x.nii", VOXELS.astype(np.complex64))) == "not_grayscale"


def test_a_little_shear_is_straightened_about_the_centre(tmp_path: Path):
    affine = oblique()
    affine[0, 1] += 0.004
    volume = read_nifti(save(tmp_path / "x.nii", affine=affine, qform=0))
    center = (np.array(VOXELS.shape) - 1) / 2
    lps = np.diag([-1, -1, 1, 1]) @ affine @ [*center, 1]
    np.testing.assert_allclose(volume.affine @ [*center, 1], lps, atol=1e-4)


def test_more_shear_is_refused(tmp_path: Path):
    affine = oblique()
    affine[0, 1] += 0.2
    assert code_of(save(tmp_path / "x.nii", affine=affine, qform=0)) == "sheared_affine"


def test_an_axis_of_no_length_is_refused(tmp_path: Path):
    image = nibabel.Nifti1Image(VOXELS, np.eye(4))
    image.header.set_qform(np.eye(4), 0)
    image.header["sform_code"] = 1
    image.header["srow_x"] = 0
    image.header["srow_y"] = 0
    image.header["srow_z"] = 0
    data = image.header.binaryblock + bytes(4) + VOXELS.tobytes()
    (tmp_path / "x.nii").write_bytes(data)
    assert code_of(tmp_path / "x.nii") == "bad_geometry"


@pytest.mark.parametrize("name", ["x.nii", "x.nii.gz"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_cut_file(tmp_path: Path, name: str, share: float):
    path = save(tmp_path / name)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    assert code_of(path) == "bad_nifti"


def test_text_and_absent_files(tmp_path: Path):
    (tmp_path / "x.nii").write_text("not an image" * 100)
    assert code_of(tmp_path / "x.nii") == "bad_nifti"
    assert code_of(tmp_path / "absent.nii") == "unreadable"


def test_a_huge_declared_size_is_refused_unread(tmp_path: Path):
    path = save(tmp_path / "x.nii")
    data = bytearray(path.read_bytes())
    data[42:48] = np.array([30000, 30000, 30000], "<i2").tobytes()
    path.write_bytes(data)
    assert code_of(path) == "too_large"


def test_a_symmetric_mistake_would_show(tmp_path: Path):
    """Left stays left: the voxel at the right ear of the RAS file lies at negative x in LPS."""
    voxels = np.zeros((9, 9, 9), np.uint8)
    voxels[8, 0, 0] = 1
    volume = read_nifti(save(tmp_path / "x.nii", voxels, np.diag([2.0, 2, 2, 1])))
    (place,) = np.argwhere(volume.array)
    assert (volume.affine @ [*place, 1])[0] == -16
