import gzip
import zipfile
from pathlib import Path

import nibabel
import numpy as np
import pytest

from callosal.models.errors import InputError
from callosal.pipelines.dicom.headers import Header
from callosal.pipelines.dicom.tree import FileEntry, Skipped
from callosal.pipelines.reading.cases import find_cases
from callosal.pipelines.reading.file_patterns import FilePatterns
from callosal.pipelines.reading.input_files import scan_inputs
from tests.dicom.make_series import SeriesRecipe, make_slice


def test_each_kind_of_file(tmp_path: Path):
    make_slice(SeriesRecipe(), 0).save_as(tmp_path / "a", enforce_file_format=True)
    (tmp_path / "b.NII.gz").write_bytes(b"x")
    (tmp_path / "c_dseg.nii").write_bytes(b"x")
    (tmp_path / "c_label.nii.gz").write_bytes(b"x")
    (tmp_path / "d").write_bytes(b"x")
    found = list(scan_inputs([tmp_path]))
    assert [type(item) for item in found] == [Header, FileEntry, Skipped, Skipped, Skipped]
    codes = [getattr(item, "code", "") for item in found]
    assert codes == ["", "", "label_image", "label_image", "not_dicom"]


def test_a_label_image_that_is_named_is_read(tmp_path: Path):
    (tmp_path / "x_mask.nii").write_bytes(b"x")
    (found,) = scan_inputs([tmp_path / "x_mask.nii"])
    assert isinstance(found, FileEntry)


def test_names_tell_the_input_where_there_are_several(tmp_path: Path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.nii").write_bytes(b"x")
    found = scan_inputs([tmp_path / "one", tmp_path / "two"])
    assert [item.name for item in found if isinstance(item, FileEntry)] == [
        "one/x.nii",
        "two/x.nii",
    ]


VOXELS = np.random.default_rng(0).integers(0, 255, (3, 60, 40), dtype=np.int16)
AFFINE = np.diag([5.0, 3, 3, 1])


def codes(*inputs: Path) -> list[str]:
    return [getattr(found, "code", "") for found in scan_inputs(list(inputs))]


def message_of(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        find_cases([folder])
    return str(caught.value)


def test_a_volume_behind_a_link_of_a_store_by_content_is_one_case(tmp_path: Path):
    """git-annex, datalad, DVC: the store comes first, and its names say nothing."""
    (tmp_path / "a-store").mkdir()
    nibabel.Nifti1Image(VOXELS, AFFINE).to_filename(tmp_path / "x.nii.gz")
    (tmp_path / "x.nii.gz").rename(tmp_path / "a-store" / "MD5-s1--aa")
    (tmp_path / "sub-01_T1w.nii.gz").symlink_to("a-store/MD5-s1--aa")
    (tmp_path / "sub-01_T1w_mask.nii.gz").symlink_to("a-store/MD5-s1--aa")
    index = find_cases([tmp_path])
    assert [case.label for case in index.cases] == ["sub-01_T1w.nii.gz"]
    assert index.cases[0].load().spatial_shape == VOXELS.shape
    (named,) = find_cases([tmp_path / "sub-01_T1w.nii.gz"]).cases
    assert named.label == "sub-01_T1w.nii.gz"
    (blob,) = find_cases([tmp_path / "a-store" / "MD5-s1--aa"]).cases
    assert blob.load().spatial_shape == VOXELS.shape


def test_a_folder_of_links_that_lead_out_says_so(tmp_path: Path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "1").write_bytes(b"x")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "1").symlink_to("../real/1")
    assert "links that lead out of it" in message_of(tmp_path / "links")


@pytest.mark.parametrize(
    ("target", "code"),
    [("x.nii", "broken_link"), ("../.git/annex/objects/a/b/c", "not_fetched")],
)
def test_a_link_to_nothing_that_is_named_says_why(tmp_path: Path, target: str, code: str):
    link = tmp_path / "x.nii"
    link.symlink_to(target)
    (found,) = scan_inputs([link])
    assert isinstance(found, Skipped)
    assert (found.name, found.code) == ("x.nii", code)


def test_results_alone_are_told_as_such(tmp_path: Path):
    case = tmp_path / "cases" / "case-1"
    case.mkdir(parents=True)
    (tmp_path / "run.json").write_text("{}")
    nibabel.Nifti1Image(VOXELS, AFFINE).to_filename(case / "head.nii.gz")
    assert "holds results of callosal" in message_of(tmp_path)


@pytest.mark.parametrize("suffix", [".mgz", ".mgh"])
def test_mgh_is_found(tmp_path: Path, suffix: str):
    nibabel.MGHImage(VOXELS, AFFINE).to_filename(tmp_path / f"x{suffix}")
    assert [case.label for case in find_cases([tmp_path]).cases] == [f"x{suffix}"]


@pytest.mark.parametrize("named", ["", "x.hdr", "x.img"])
def test_a_pair_is_one_case_by_either_name(tmp_path: Path, named: str):
    nibabel.Nifti1Pair(VOXELS, AFFINE).to_filename(tmp_path / "x.hdr")
    (case,) = find_cases([tmp_path / named]).cases
    assert (case.label, case.load().spatial_shape) == ("x.hdr", VOXELS.shape)
    before = case.fingerprint
    nibabel.Nifti1Pair(VOXELS + 1, AFFINE).to_filename(tmp_path / "x.hdr")
    assert find_cases([tmp_path / named]).cases[0].fingerprint != before


def test_dicom_files_may_be_called_img(tmp_path: Path):
    make_slice(SeriesRecipe(), 0).save_as(tmp_path / "1.img", enforce_file_format=True)
    assert codes(tmp_path) == [""]


def test_archives_are_told_to_be_unpacked(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "exam.zip", "w") as archive:
        archive.writestr("1", "x" * 200)
    (tmp_path / "exam.tar.gz").write_bytes(gzip.compress(b"x" * 600))
    assert codes(tmp_path) == ["archive", "archive", "no_images"]
    assert "unpack" in message_of(tmp_path)
    assert "unpack" in message_of(tmp_path / "exam.zip")


def test_patterns_choose_files_by_name_and_by_path(tmp_path: Path):
    for name in ("s1/x_T1w.nii.gz", "s1/x_T2w.nii.gz", "old/x_T1w.nii.gz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    patterns = FilePatterns(include=("*_T1w.nii.gz",), exclude=("old/*",))
    found = list(scan_inputs([tmp_path], patterns))
    assert [item.name for item in found if isinstance(item, FileEntry)] == ["s1/x_T1w.nii.gz"]
    left_out = {item.name for item in found if getattr(item, "code", "") == "not_included"}
    assert left_out == {"old/x_T1w.nii.gz", "s1/x_T2w.nii.gz"}
    with pytest.raises(InputError, match="check the patterns"):
        find_cases([tmp_path], patterns=FilePatterns(include=("*.dcm",)))


def test_a_store_by_content_does_not_hide_the_links_that_a_pattern_takes(tmp_path: Path):
    (tmp_path / "a-store").mkdir()
    (tmp_path / "a-store" / "5f3a").write_bytes(b"x")
    (tmp_path / "x_T1w.nii.gz").symlink_to(tmp_path / "a-store" / "5f3a")
    found = scan_inputs([tmp_path], FilePatterns(include=("*_T1w.nii.gz",)))
    assert "x_T1w.nii.gz" in [item.name for item in found if isinstance(item, FileEntry)]


def test_derivatives_of_a_dataset_are_no_cases_unless_they_are_named(tmp_path: Path):
    derived = tmp_path / "derivatives" / "other"
    derived.mkdir(parents=True)
    (derived / "x_T1w.nii.gz").write_bytes(b"x")
    assert codes(tmp_path) == [""]  # a folder of that name elsewhere says nothing
    (tmp_path / "dataset_description.json").write_text("{}")
    assert "bids_derivatives" in codes(tmp_path)
    assert "" not in codes(tmp_path)
    assert codes(derived) == [""]


def test_a_time_series_beside_good_images_is_no_fault(tmp_path: Path):
    nibabel.save(nibabel.Nifti1Image(VOXELS, AFFINE), tmp_path / "x_T1w.nii")
    nibabel.save(nibabel.Nifti1Image(np.stack([VOXELS] * 2, -1), AFFINE), tmp_path / "x_bold.nii")
    index = find_cases([tmp_path])
    assert len(index.cases) == 1
    assert [(skip.code, skip.is_fault) for skip in index.skipped] == [("not_3d", False)]


def test_of_a_freesurfer_subject_the_original_is_taken(tmp_path: Path):
    for name in ("mri/orig.mgz", "mri/T1.mgz", "mri/aseg.mgz", "mri/orig/001.mgz", "surf/lh.pial"):
        (tmp_path / "bert" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "bert" / name).write_bytes(b"x")
    found = list(scan_inputs([tmp_path]))
    taken = [item.name for item in found if isinstance(item, FileEntry)]
    assert taken == ["bert/mri/orig.mgz"]
    (tmp_path / "bert" / "mri" / "orig.mgz").unlink()
    found = list(scan_inputs([tmp_path]))
    assert [item.name for item in found if isinstance(item, FileEntry)] == ["bert/mri/T1.mgz"]
    (aseg,) = scan_inputs([tmp_path / "bert" / "mri" / "aseg.mgz"])
    assert isinstance(aseg, FileEntry)  # a file that is named is read


def test_a_folder_of_volumes_that_is_called_mri_is_read_whole(tmp_path: Path):
    for name in ("orig.mgz", "second.mgz"):
        (tmp_path / "mri").mkdir(exist_ok=True)
        (tmp_path / "mri" / name).write_bytes(b"x")
    assert codes(tmp_path) == ["", ""]
