import json
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
from pydicom.dataset import Dataset

from callosal.models.errors import InputError
from callosal.pipelines.reading.cases import CaseIndex, find_cases
from tests.dicom.make_series import (
    AXIAL,
    CORONAL,
    SeriesRecipe,
    make_enhanced,
    make_series,
    make_slice,
    write_slices,
)
from tests.dicom.test_headers import shipped

RECIPE = SeriesRecipe()


def write_nifti(path: Path, seed: int = 0) -> Path:
    voxels = np.random.default_rng(seed).integers(0, 255, (3, 60, 40), dtype=np.uint8)
    nibabel.Nifti1Image(voxels, np.diag([5.0, 3, 3, 1])).to_filename(path)
    return path


def codes(index: CaseIndex) -> list[str]:
    return [skip.code for skip in index.skipped]


def test_dicom_and_nifti_in_one_folder(tmp_path: Path):
    write_slices(tmp_path / "a" / "b", make_series(RECIPE))
    write_nifti(tmp_path / "x.nii.gz")
    write_nifti(tmp_path / "x_mask.nii.gz")
    (tmp_path / "notes.txt").write_text("some text")
    index = find_cases([tmp_path])
    assert [case.kind for case in index.cases] == ["dicom", "nifti"]
    assert [case.n_slices for case in index.cases] == [10, 3]
    assert [case.load().spatial_shape for case in index.cases] == [(10, 20, 16), (3, 60, 40)]
    assert sorted(codes(index)) == ["label_image", "not_dicom"]
    assert not any(skip.is_fault for skip in index.skipped)


@pytest.mark.parametrize("n_series", [1, 3])
@pytest.mark.parametrize("n_slices", [1, 3, 5])
def test_a_three_plane_localizer_is_one_case_of_all_its_stacks(
    tmp_path: Path, n_slices: int, n_series: int
) -> None:
    slices = []
    for place, orientation in enumerate([RECIPE.orientation, CORONAL, AXIAL]):
        recipe = replace(RECIPE, n_slices=n_slices, orientation=orientation, slice_spacing_mm=20)
        for ds in make_series(recipe):
            ds.SOPInstanceUID += f".{place}"
            if n_series == 3:
                ds.SeriesInstanceUID += f".{place}"
                ds.SeriesNumber += place
            slices.append(ds)
    write_slices(tmp_path, slices)
    index = find_cases([tmp_path])
    assert [(case.kind, case.n_slices) for case in index.cases] == [("localizer", 3 * n_slices)]
    assert index.skipped == ()


def test_cases_travel_between_processes(tmp_path: Path):
    write_slices(tmp_path, make_series(RECIPE))
    (case,) = find_cases([tmp_path]).cases
    twin = pickle.loads(pickle.dumps(case))
    assert twin == case
    np.testing.assert_array_equal(twin.load().array, case.load().array)


BAD = replace(RECIPE, number=7)


def bad_slices(kind: str) -> list[Dataset]:
    """A series with something wrong in its headers."""
    slices = make_series(BAD)
    if kind == "missing_slices":
        return slices[:5] + slices[6:]
    if kind == "duplicate_positions":
        rival = make_slice(BAD, 3)
        rival.PixelData = RECIPE.pixels(99).tobytes()
        return [*slices, rival]
    if kind == "no_sagittal_view":
        return make_series(replace(BAD, orientation=AXIAL, n_slices=3))
    for ds in slices:
        if kind == "not_mr":
            ds.SOPClassUID, ds.Modality = "1.2.840.10008.5.1.4.1.1.2", "CT"
        if kind == "too_large":
            ds.Rows = ds.Columns = 60000
    return slices


def write_bad(kind: str, folder: Path) -> None:
    """One kind of bad input; each has its reason code."""
    folder.mkdir()
    match kind:
        case "truncated":
            (path,) = write_slices(folder, [make_enhanced(BAD)])
            path.write_bytes(path.read_bytes()[:-100])
        case "empty_file":
            for index in range(10):
                (folder / str(index)).write_bytes(b"")
        case "symlink_outside":
            (folder / "link").symlink_to("/usr")
        case "dicomdir":
            shutil.copy(shipped("dicomdirtests/DICOMDIR"), folder)
        case "bad_nifti":
            (folder / "x.nii").write_bytes(b"no image")
        case _:
            write_slices(folder, bad_slices(kind))


@pytest.mark.parametrize(
    ("code", "is_fault", "n_files"),
    [
        ("missing_slices", True, 9),
        ("duplicate_positions", True, 11),
        ("truncated", True, 1),
        ("empty_file", True, 10),
        ("too_large", True, 10),
        ("bad_nifti", True, 1),
        ("no_sagittal_view", False, 3),
        ("not_mr", False, 10),
        ("symlink_outside", False, 1),
        ("dicomdir", False, 1),
    ],
)
def test_bad_input_is_told_while_the_rest_goes_on(
    tmp_path: Path, code: str, is_fault: bool, n_files: int
):
    write_slices(tmp_path / "good", make_series(RECIPE))
    write_bad(code, tmp_path / "bad")
    index = find_cases([tmp_path])
    assert [case.source["series_number"] for case in index.cases] == [1]
    (skip,) = index.skipped
    assert (skip.code, skip.is_fault, skip.n_files) == (code, is_fault, n_files)
    assert bool(skip.uid_key) == (is_fault or code == "no_sagittal_view")
    assert "\n" not in skip.message
    assert str(tmp_path) not in skip.message + skip.label


def test_a_broken_file_at_the_end_of_a_series_is_noted_on_its_stack(tmp_path: Path):
    paths = write_slices(tmp_path, make_series(RECIPE))
    paths[-1].write_bytes(paths[-1].read_bytes()[:-10])
    index = find_cases([tmp_path])
    assert index.cases[0].source["notes"] == ["1 files of the series refused: truncated"]
    assert [(skip.code, skip.uid_key) for skip in index.skipped] == [("truncated", "")]


def test_files_of_unknown_series_beside_a_stack_are_noted_on_it(tmp_path: Path):
    paths = write_slices(tmp_path / "a", make_series(RECIPE))
    write_slices(tmp_path / "b", make_series(replace(RECIPE, number=2)))
    for path in paths[1::2]:
        path.write_bytes(path.read_bytes().replace(b"1.2.1\0", b"1.2.9\0", 1))
    first, second = find_cases([tmp_path]).cases
    note = "5 files beside the series refused: unknown_transfer_syntax"
    assert (first.source["notes"], second.source["notes"]) == ([note], [])


@pytest.mark.parametrize(
    ("names", "code"),
    [([], "empty_input"), (["a.txt", "b/c.csv"], "no_images")],
)
def test_folders_without_images(tmp_path: Path, names: list[str], code: str):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("some text, long enough")
    with pytest.raises(InputError) as caught:
        find_cases([tmp_path])
    assert caught.value.code == code
    assert str(tmp_path.parent) not in str(caught.value)


def test_an_absent_input_beside_a_good_one_is_a_fault(tmp_path: Path):
    write_slices(tmp_path / "good", make_series(RECIPE))
    index = find_cases([tmp_path / "good", tmp_path / "absent"])
    assert len(index.cases) == 1
    assert [(skip.code, skip.is_fault) for skip in index.skipped] == [("no_such_input", True)]
    with pytest.raises(InputError) as caught:
        find_cases([tmp_path / "absent"])
    assert caught.value.code == "no_such_input"
    with pytest.raises(InputError):
        find_cases([])


def test_a_series_over_two_inputs_is_one_case(tmp_path: Path):
    slices = make_series(RECIPE)
    write_slices(tmp_path / "a", slices[:5])
    write_slices(tmp_path / "b", slices[5:])
    (case,) = find_cases([tmp_path / "a", tmp_path / "b"]).cases
    assert case.n_slices == 10


def test_overlapping_inputs_count_each_file_once(tmp_path: Path):
    write_slices(tmp_path / "a", make_series(RECIPE))
    (case,) = find_cases([tmp_path, tmp_path / "a", tmp_path]).cases
    assert case.source["notes"] == []


def test_keys_are_unique_and_stable_and_fingerprints_follow_changes(tmp_path: Path):
    write_slices(tmp_path / "1", make_series(RECIPE))
    write_slices(tmp_path / "2", make_series(replace(RECIPE, number=2)))
    write_nifti(tmp_path / "x.nii", seed=1)
    write_nifti(tmp_path / "y.nii", seed=1)
    first = find_cases([tmp_path])
    assert find_cases([tmp_path]) == first
    assert len({case.uid_key for case in first.cases}) == 4
    write_nifti(tmp_path / "x.nii", seed=2)
    changed = {case.label: case.fingerprint for case in find_cases([tmp_path]).cases}
    same = [case.label for case in first.cases if changed[case.label] == case.fingerprint]
    assert same == ["1: series 1", "2: series 2", "y.nii"]


def test_sources_and_labels_hold_no_identity(tmp_path: Path):
    write_slices(tmp_path, make_series(RECIPE))
    write_bad("missing_slices", tmp_path / "bad")
    index = find_cases([tmp_path])
    shown = [[case.label, dict(case.source)] for case in index.cases]
    shown += [[skip.label, skip.message, dict(skip.source)] for skip in index.skipped]
    text = json.dumps(shown).lower()
    assert "marker" not in text
    assert "1.2.3" not in text


@pytest.mark.shared
def test_the_real_series(shared_data: Path):
    index = find_cases([shared_data / "dicom"])
    assert [case.n_slices for case in index.cases] == [192, 96, 22, 22]
    assert [(skip.code, skip.n_files) for skip in index.skipped] == [("not_mr_image", 2)]


@pytest.mark.shared
def test_a_real_slice_as_nifti(shared_data: Path):
    folder = next((shared_data / "abide-cc").glob("sub-*"))
    index = find_cases([folder])
    (case,) = index.cases
    assert case.n_slices == 1
    assert case.load().spatial_shape == (1, 512, 512)
    assert [skip.code for skip in index.skipped] == ["label_image"]
