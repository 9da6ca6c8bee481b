import gzip
from pathlib import Path

import nibabel
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from callosal.models.errors import InputError
from callosal.pipelines.reading.nifti import read_nifti, read_nifti_grid

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
    geometry, volume = read_nifti_grid(path).geometry, read_nifti(path)
    np.testing.assert_array_equal(geometry.affine, volume.affine)
    assert geometry.spatial_shape == volume.spatial_shape


@pytest.mark.parametrize(
    ("sform", "qform", "shift_mm", "told"),
    [
        (1, 1, 100, "the sform of code 1 is taken"),
        (1, 2, 100, "the sform of code 1 is taken"),
        (2, 1, 0, "the qform of code 1 is taken, not the sform of code 2"),
        (4, 1, 0, "the qform of code 1 is taken, not the sform of code 4"),
        (4, 2, 100, "the sform of code 4 is taken"),
        (1, 0, 100, ""),
        (0, 1, 0, ""),
        (4, 0, 100, "aligned to MNI space"),
        (0, 2, 0, "aligned to another image"),
    ],
)
def test_where_sform_and_qform_disagree_the_scanner_wins_and_it_is_told(
    tmp_path: Path, sform: int, qform: int, shift_mm: int, told: str
):
    image = nibabel.Nifti1Image(VOXELS, None)
    shifted = np.eye(4)
    shifted[2, 3] = 100
    image.set_qform(np.eye(4), qform)
    image.set_sform(shifted, sform)
    image.to_filename(tmp_path / "x.nii")
    assert read_nifti(tmp_path / "x.nii").affine[2, 3] == shift_mm
    assert told in " ".join(read_nifti_grid(tmp_path / "x.nii").notes)
    assert bool(read_nifti_grid(tmp_path / "x.nii").notes) == bool(told)


def test_forms_that_agree_are_not_worth_a_note(tmp_path: Path):
    path = save(tmp_path / "x.nii", affine=oblique(), sform=4, qform=1)
    assert read_nifti_grid(path).notes == ()


def test_no_code_is_refused(tmp_path: Path):
    assert code_of(save(tmp_path / "x.nii", sform=0, qform=0)) == "no_orientation"


@pytest.mark.parametrize(("unit", "factor"), [("mm", 1), ("meter", 1000), ("micron", 0.001)])
def test_units_of_length(tmp_path: Path, unit: str, factor: float):
    image = nibabel.Nifti1Image(VOXELS, np.diag([1.5 / factor] * 3 + [1]))
    image.header.set_xyzt_units(unit)
    image.to_filename(tmp_path / "x.nii")
    np.testing.assert_allclose(read_nifti(tmp_path / "x.nii").spacing, 1.5, rtol=1e-6)


@pytest.mark.parametrize("unit", ["meter", "micron"])
def test_impossible_voxels_are_refused_with_their_unit(tmp_path: Path, unit: str):
    image = nibabel.Nifti1Image(VOXELS, np.eye(4))
    image.header.set_xyzt_units(unit)
    image.to_filename(tmp_path / "x.nii")
    assert code_of(tmp_path / "x.nii") == "bad_geometry"
    with pytest.raises(InputError, match=f"unit of length as {unit}"):
        read_nifti_grid(tmp_path / "x.nii")


def test_one_time_point_is_squeezed_and_two_are_refused(tmp_path: Path):
    assert read_nifti(save(tmp_path / "1.nii", VOXELS[..., None])).spatial_shape == (4, 5, 6)
    assert code_of(save(tmp_path / "2.nii", np.stack([VOXELS, VOXELS], -1))) == "not_3d"


def test_a_2d_image_is_one_slice(tmp_path: Path):
    assert read_nifti(save(tmp_path / "x.nii", VOXELS[0])).spatial_shape == (5, 6, 1)


@pytest.mark.parametrize("value", [np.nan, np.inf, -3e38])
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


def patched(path: Path, place: int, content: bytes) -> Path:
    data = bytearray(path.read_bytes())
    data[place : place + len(content)] = content
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", ["x.nii", "x.nii.gz"])
def test_an_offset_of_0_is_that_behind_the_header(tmp_path: Path, name: str):
    plain = patched(save(tmp_path / "x.nii"), 108, np.array(0, "<f4").tobytes())
    if name.endswith("gz"):
        (tmp_path / name).write_bytes(gzip.compress(plain.read_bytes()))
    np.testing.assert_array_equal(read_nifti(tmp_path / name).array, VOXELS)


@pytest.mark.parametrize("offset", [16, 348, 351.5, -16, np.nan, 1e9, 1e30, -np.inf])
def test_other_wrong_offsets_are_refused(tmp_path: Path, offset: float):
    path = patched(save(tmp_path / "x.nii"), 108, np.array(offset, "<f4").tobytes())
    assert code_of(path) == "bad_nifti"


@pytest.mark.parametrize("place", [352, 400, -1])
@pytest.mark.parametrize("name", ["x.nii", "x.nii.gz"])
def test_bytes_too_many_are_refused_for_they_shift_the_voxels(
    tmp_path: Path, name: str, place: int
):
    data = save(tmp_path / "plain.nii").read_bytes()
    place = len(data) if place < 0 else place
    longer = data[:place] + b"\1\2" + data[place:]
    (tmp_path / name).write_bytes(gzip.compress(longer) if name.endswith("gz") else longer)
    assert code_of(tmp_path / name) == "bad_nifti"


def test_a_header_of_fewer_slices_than_there_are_is_refused(tmp_path: Path):
    path = patched(save(tmp_path / "x.nii"), 46, np.array(3, "<i2").tobytes())
    assert code_of(path) == "bad_nifti"


def test_a_file_filled_up_to_a_block_is_read(tmp_path: Path):
    path = save(tmp_path / "x.nii")
    data = path.read_bytes()
    path.write_bytes(data + bytes(-len(data) % 512))
    np.testing.assert_array_equal(read_nifti(path).array, VOXELS)


def test_a_bit_that_fell_over_in_a_packed_file_is_told(tmp_path: Path):
    voxels = np.random.default_rng(0).integers(0, 99, (4, 50, 60), dtype=np.int16)
    path = save(tmp_path / "x.nii.gz", voxels)
    data = bytearray(path.read_bytes())
    data[-6] ^= 1  # of the checksum
    path.write_bytes(data)
    assert code_of(path) == "bad_nifti"


def test_the_content_decides_not_the_name(tmp_path: Path):
    packed = save(tmp_path / "x.nii.gz").read_bytes()
    (tmp_path / "a.nii").write_bytes(packed)
    (tmp_path / "b.nii.gz").write_bytes(gzip.decompress(packed))
    (tmp_path / "MD5E-s99--0123").write_bytes(packed)
    for name in ("a.nii", "b.nii.gz", "MD5E-s99--0123"):
        np.testing.assert_array_equal(read_nifti(tmp_path / name).array, VOXELS)


@pytest.mark.parametrize("name", ["x.mgh", "x.mgz"])
def test_mgh_is_read_like_nifti(tmp_path: Path, name: str):
    nibabel.MGHImage(VOXELS.astype(np.int16), oblique()).to_filename(tmp_path / name)
    volume, twin = read_nifti(tmp_path / name), read_nifti(save(tmp_path / "x.nii"))
    np.testing.assert_array_equal(volume.array, VOXELS)
    assert volume.dtype == np.int16
    np.testing.assert_allclose(volume.affine, twin.affine, atol=1e-4)


def test_mgh_without_orientation_or_cut_is_refused(tmp_path: Path):
    path = tmp_path / "x.mgh"
    nibabel.MGHImage(VOXELS, oblique()).to_filename(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:400])
    assert code_of(path) == "bad_nifti"
    path.write_bytes(whole[:28] + bytes(2) + whole[30:])
    assert code_of(path) == "no_orientation"


def test_mgh_with_bytes_that_shift_its_voxels_is_refused(tmp_path: Path):
    path = tmp_path / "x.mgh"
    nibabel.MGHImage(VOXELS, oblique()).to_filename(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:290] + bytes(7) + whole[290:])
    assert code_of(path) == "bad_nifti"
    command = b"mri_convert a b\0"
    tag = (3).to_bytes(4, "big") + len(command).to_bytes(8, "big") + command
    path.write_bytes(whole + tag)
    np.testing.assert_array_equal(read_nifti(path).array, VOXELS)


def test_a_pair_is_read_by_its_header(tmp_path: Path):
    image = nibabel.Nifti1Pair(VOXELS, oblique())
    image.to_filename(tmp_path / "x.hdr")
    volume = read_nifti(tmp_path / "x.hdr")
    np.testing.assert_array_equal(volume.array, VOXELS)
    np.testing.assert_allclose(volume.affine, np.diag([-1, -1, 1, 1]) @ oblique(), atol=1e-4)
    (tmp_path / "x.img").unlink()
    assert code_of(tmp_path / "x.hdr") == "bad_nifti"


def test_a_pair_without_orientation_is_refused_for_that(tmp_path: Path):
    nibabel.AnalyzeImage(VOXELS, np.eye(4)).to_filename(tmp_path / "x.hdr")
    assert code_of(tmp_path / "x.hdr") == "no_orientation"


def test_a_pointer_to_content_that_is_not_here(tmp_path: Path):
    (tmp_path / "x.nii.gz").write_text("/annex/objects/MD5E-s99--0123.nii.gz\n")
    assert code_of(tmp_path / "x.nii.gz") == "not_fetched"


def test_a_qform_that_is_no_rotation(tmp_path: Path):
    path = patched(save(tmp_path / "x.nii", sform=0), 256, np.array([2, 2, 2], "<f4").tobytes())
    assert code_of(path) == "bad_geometry"


QFAC, PIXDIM_1, SFORM, QFORM = 76, 80, 254, 252


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (QFAC, np.array(7, "<f4"), r"pixdim\[0\] of 7"),
        (PIXDIM_1, np.array(0, "<f4"), "not above 0"),
        (PIXDIM_1, np.array(-1.5, "<f4"), "not above 0"),
        (PIXDIM_1, np.array(np.nan, "<f4"), "not above 0"),
        (256, np.array([2, 2, 2], "<f4"), "no rotation"),
        (QFORM, np.array(256, "<i2"), "qform_code 256 is unknown"),
    ],
)
def test_a_qform_that_cannot_be_used_is_told_and_refused_where_it_stands_alone(
    tmp_path: Path, place: int, value: np.ndarray, told: str
):
    alone = patched(save(tmp_path / "x.nii", sform=0), place, value.tobytes())
    with pytest.raises(InputError, match=told) as caught:
        read_nifti_grid(alone)
    assert caught.value.code == "bad_geometry"
    both = patched(save(tmp_path / "y.nii"), place, value.tobytes())
    (note,) = read_nifti_grid(both).notes
    assert note.endswith("the sform is taken")


def test_a_broken_sform_leaves_the_qform_with_a_note(tmp_path: Path):
    path = save(tmp_path / "x.nii", affine=oblique())
    patched(path, 280, bytes(48))
    grid = read_nifti_grid(path)
    assert grid.notes == ("its sform has an axis of no length, or no number: the qform is taken",)
    expected = np.diag([-1, -1, 1, 1]) @ oblique()
    np.testing.assert_allclose(grid.geometry.affine, expected, atol=1e-4)


def test_a_pixdim_that_contradicts_an_sform_alone_is_told(tmp_path: Path):
    path = save(tmp_path / "x.nii", affine=oblique(), qform=0)
    assert read_nifti_grid(path).notes == ()
    patched(path, 80, np.array([1, 1, 1], "<f4").tobytes())
    grid = read_nifti_grid(path)
    (note,) = grid.notes
    assert note.startswith("its pixdim gives voxels of 1 x 1 x 1, its sform of ")
    assert note.endswith(": the sform is taken")
    expected = np.diag([-1, -1, 1, 1]) @ oblique()
    np.testing.assert_allclose(grid.geometry.affine, expected, atol=1e-4)


def test_a_place_metres_away_is_refused(tmp_path: Path):
    affine = oblique()
    affine[:3, 3] += 1e5
    with pytest.raises(InputError, match="metres away") as caught:
        read_nifti_grid(save(tmp_path / "x.nii", affine=affine))
    assert caught.value.code == "bad_geometry"
