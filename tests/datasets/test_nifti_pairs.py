from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.transform import Rotation

from callosal.models.errors import DataError
from callosal.pipelines.datasets.nifti_pairs import read_pair, read_split
from callosal.pipelines.datasets.participants import Participant
from callosal.pipelines.phantom.head import PhantomHead, phantom_head

PERSON = Participant("sub-1", "site", "train")


def _save(path: Path, voxels: np.ndarray, affine: np.ndarray | None = None) -> None:
    place = np.diag([1.0, 0.5, 0.8, 1.0]) if affine is None else affine
    nib.save(nib.Nifti1Image(voxels, place), path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "sub-1"
    folder.mkdir()
    image = np.arange(1 * 30 * 20, dtype=np.int16).reshape(1, 30, 20)
    mask = np.zeros((1, 30, 20), np.uint8)
    mask[0, 5:25, 15:18] = 1
    _save(folder / "sub-1_T1w.nii.gz", image)
    _save(folder / "sub-1_label-CC_mask.nii.gz", mask)
    (tmp_path / "participants.tsv").write_text(
        "participant_id\tsite\tsplit\nsub-1\tA\ttrain\n", encoding="utf-8"
    )
    return tmp_path


def test_rows_run_to_inferior_and_columns_to_posterior(root: Path) -> None:
    (labelled,) = read_split(root, "train")
    assert labelled.image.shape == (20, 30)
    assert labelled.spacing_mm == pytest.approx((0.8, 0.5))
    # The last voxel of both axes is the most anterior and superior: the first pixel.
    assert labelled.image[0, 0] == 30 * 20 - 1
    assert labelled.mask[:5].any()
    assert not labelled.mask[10:].any()


def test_a_flipped_file_gives_the_same_slice(root: Path) -> None:
    (expected,) = read_split(root, "train")
    for name in ("T1w", "label-CC_mask"):
        path = root / "sub-1" / f"sub-1_{name}.nii.gz"
        picture = nib.load(path)
        affine = picture.affine @ np.array(
            [[1, 0, 0, 0], [0, -1, 0, 29], [0, 0, 1, 0], [0, 0, 0, 1.0]]
        )
        _save(path, np.asarray(picture.dataobj)[:, ::-1], affine)
    (found,) = read_split(root, "train")
    np.testing.assert_array_equal(found.image, expected.image)
    np.testing.assert_array_equal(found.mask, expected.mask)


def _other_grid(folder: Path) -> None:
    _save(folder / "sub-1_label-CC_mask.nii.gz", np.ones((1, 30, 20), np.uint8), np.eye(4))


def _empty(folder: Path) -> None:
    _save(folder / "sub-1_label-CC_mask.nii.gz", np.zeros((1, 30, 20), np.uint8))


def _labels(folder: Path) -> None:
    _save(folder / "sub-1_label-CC_mask.nii.gz", np.full((1, 30, 20), 3, np.uint8))


def _nan(folder: Path) -> None:
    _save(folder / "sub-1_T1w.nii.gz", np.full((1, 30, 20), np.nan, np.float32))


def _flat(folder: Path) -> None:
    _save(folder / "sub-1_T1w.nii.gz", np.zeros((1, 30, 1), np.int16))


def _mask_of_a_slice(folder: Path) -> None:
    _save(folder / "sub-1_T1w.nii.gz", np.zeros((4, 30, 20), np.int16))


def _text(folder: Path) -> None:
    (folder / "sub-1_T1w.nii.gz").write_text("text")


def _shifted(folder: Path) -> None:
    place = np.diag([1.0, 0.5, 0.8, 1.0])
    place[1, 3] = 3.0
    mask = nib.load(folder / "sub-1_label-CC_mask.nii.gz")
    _save(folder / "sub-1_label-CC_mask.nii.gz", np.asarray(mask.dataobj), place)


def _cut_short(folder: Path) -> None:
    path = folder / "sub-1_T1w.nii.gz"
    path.write_bytes(path.read_bytes()[:-40])


def _without_codes(folder: Path) -> None:
    path = folder / "sub-1_T1w.nii.gz"
    picture = nib.load(path)
    picture.header["sform_code"] = picture.header["qform_code"] = 0
    nib.save(nib.Nifti1Image(np.asarray(picture.dataobj), None, picture.header), path)


def _in_microns(folder: Path) -> None:
    for name in ("T1w", "label-CC_mask"):
        path = folder / f"sub-1_{name}.nii.gz"
        picture = nib.load(path)
        picture.header.set_xyzt_units("micron")
        nib.save(picture, path)


def _halves(folder: Path) -> None:
    _save(folder / "sub-1_label-CC_mask.nii.gz", np.full((1, 30, 20), 0.5, np.float32))


def _missing(folder: Path) -> None:
    (folder / "sub-1_T1w.nii.gz").unlink()


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (_other_grid, "grids_differ"),
        (_empty, "empty_mask"),
        (_labels, "not_binary"),
        (_nan, "not_finite"),
        (_flat, "not_a_slice"),
        (_mask_of_a_slice, "grids_differ"),
        (_text, "bad_nifti"),
        (_missing, "no_pair"),
        (_shifted, "grids_differ"),
        (_cut_short, "bad_nifti"),
        (_without_codes, "no_orientation"),
        (_in_microns, "bad_geometry"),
        (_halves, "not_binary"),
    ],
)
def test_wrong_pairs_are_refused_by_name(
    root: Path, spoil: Callable[[Path], None], code: str
) -> None:
    spoil(root / "sub-1")
    with pytest.raises(DataError, match="sub-1") as error:
        read_pair(root / "sub-1", PERSON)
    assert error.value.code == code


def test_a_shifted_mask_is_refused_by_how_far_it_lies_off(root: Path) -> None:
    _shifted(root / "sub-1")
    with pytest.raises(DataError, match=r"of equal size, but corners lie up to 3\.00 mm apart"):
        read_pair(root / "sub-1", PERSON)


def test_units_of_metres_are_honoured(root: Path) -> None:
    for name in ("T1w", "label-CC_mask"):
        path = root / "sub-1" / f"sub-1_{name}.nii.gz"
        picture = nib.load(path)
        metres = nib.Nifti1Image(np.asarray(picture.dataobj), np.diag([1e-3, 5e-4, 8e-4, 1.0]))
        metres.header.set_xyzt_units("meter")
        nib.save(metres, path)
    (labelled,) = read_split(root, "train")
    assert labelled.spacing_mm == pytest.approx((0.8, 0.5))


def test_a_mask_off_by_rounding_and_a_series_of_one_are_read(root: Path) -> None:
    (expected,) = read_split(root, "train")
    path = root / "sub-1" / "sub-1_label-CC_mask.nii.gz"
    mask = np.asarray(nib.load(path).dataobj)
    _save(path, (mask * (1 - 1e-7) + 1e-7)[..., None].astype(np.float64))
    image = root / "sub-1" / "sub-1_T1w.nii.gz"
    _save(image, np.asarray(nib.load(image).dataobj)[..., None])
    (root / "sub-1" / "._sub-1_T1w.nii.gz").write_bytes(b"what macOS leaves")
    (found,) = read_split(root, "train")
    np.testing.assert_array_equal(found.mask, expected.mask)
    np.testing.assert_array_equal(found.image, expected.image)


def _save_head(folder: Path, mask_offset_mm: float) -> PhantomHead:
    """A phantom turned by its header, and its callosum 16 mm wide, so far off the middle."""
    head = phantom_head(1, (80, 120, 120), (2.0, 2.0, 2.0))
    volume, truth = head.volume, head.midsagittal
    index = np.moveaxis(np.indices(volume.spatial_shape), 0, -1)
    lps_mm = index @ volume.affine[:3, :3].T + volume.affine[:3, 3]
    row_col = truth.mm_to_pixels(truth.lps_to_mm(lps_mm.reshape(-1, 3)))
    flat = ndimage.map_coordinates(truth.pixels, row_col.T, order=1).reshape(lps_mm.shape[:3])
    mask = (flat >= 0.5) & (np.abs(lps_mm[..., 0] - mask_offset_mm) < 8)
    to_ras = np.diag([-1.0, -1.0, 1.0, 1.0])
    motion = np.eye(4)
    motion[:3, :3] = Rotation.from_euler("zyx", [9, -6, 4], degrees=True).as_matrix()
    affine = motion @ to_ras @ volume.affine
    _save(folder / "sub-1_T1w.nii.gz", volume.array.astype(np.float32), affine)
    _save(folder / "sub-1_label-CC_mask.nii.gz", mask.astype(np.uint8), affine)
    return head


def test_a_volume_gives_its_midsagittal_slice(root: Path) -> None:
    head = _save_head(root / "sub-1", 0.0)
    (labelled,) = read_split(root, "train")
    assert labelled.spacing_mm == pytest.approx((2.0, 2.0))
    truth_mm2 = head.midsagittal.pixels.sum() * 0.25
    assert labelled.mask.sum() * 4.0 == pytest.approx(truth_mm2, rel=0.08)
    # The callosum is the brightest there is around it.
    ring = ndimage.binary_dilation(labelled.mask, iterations=3) & (labelled.mask == 0)
    assert labelled.image[labelled.mask > 0].mean() > 1.1 * labelled.image[ring].mean()


def test_a_mask_off_the_midsagittal_plane_is_refused(root: Path) -> None:
    _save_head(root / "sub-1", 30.0)
    with pytest.raises(DataError, match="does not reach the midsagittal plane"):
        list(read_split(root, "train"))


def test_a_volume_without_a_head_is_refused_by_name(root: Path) -> None:
    for name in ("T1w", "label-CC_mask"):
        _save(root / "sub-1" / f"sub-1_{name}.nii.gz", np.ones((8, 30, 20), np.uint8))
    with pytest.raises(DataError, match="sub-1_T1w"):
        list(read_split(root, "train"))


def test_a_split_without_subjects_is_refused(root: Path) -> None:
    with pytest.raises(DataError, match="'test'"):
        list(read_split(root, "test"))


def test_a_folder_without_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"participants\.tsv is missing"):
        list(read_split(tmp_path, "train"))


@pytest.mark.shared
def test_real_splits_share_no_site(shared_data: Path) -> None:
    from callosal.pipelines.datasets.participants import read_participants

    people = read_participants(shared_data / "abide-cc")
    sites = {
        split: {person.site for person in people if person.split == split}
        for split in ("train", "val", "test")
    }
    assert not sites["train"] & sites["test"]
    assert not sites["train"] & sites["val"]
    assert not sites["val"] & sites["test"]
