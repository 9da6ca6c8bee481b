"""Cases of files are called by their paths, those of DICOM by hashes, and no two alike."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from callosal.models.errors import InputError
from callosal.pipelines.batch.case_names import case_names, shown_names
from callosal.pipelines.batch.merge import PartRun, _check_names
from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.outputs.case_id import file_case_name, is_case_name
from callosal.pipelines.outputs.run_json import names_of_run
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.reading.cases import find_cases


def write_nifti(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    affine = np.diag([3.0, 3.0, 3.0, 1.0])
    nib.save(nib.Nifti1Image(np.ones((50, 60, 60), np.uint8), affine), path)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of NIfTI in `files`, and beside them a series of DICOM."""
    root = tmp_path_factory.mktemp("names")
    for name in ("sub-01/anat/sub-01_T1w.nii.gz", "site A/Head 1.nii", "site-A/head-1.nii"):
        write_nifti(root / "files" / name)
    (root / "files" / "notes.txt").write_text("no image")
    (root / "files" / "empty.nii.gz").touch()
    volume = phantom_head(1, (24, 24, 24), (8.0, 8.0, 8.0)).volume
    write_mr_series(volume, root / "dicom", description="t1 MPRAGE", seed=1, series_number=3)
    return root


def test_files_are_called_by_their_paths_and_twins_get_a_hash(mixed: Path) -> None:
    index = find_cases([mixed / "files"])
    assert shown_names(index, "auto") == "files"
    names = case_names(index, "salt", "auto")
    called = sorted(names[case.uid_key] for case in index.cases)
    assert called[0].startswith("site-A-Head-1-")
    assert called[1].startswith("site-A-head-1-")
    assert called[2] == "sub-01_T1w"
    assert all(map(is_case_name, called))
    (empty,) = (skip for skip in index.skipped if "empty" in skip.label)
    assert names[empty.key] == "empty"


def test_beside_dicom_nothing_is_called_by_its_path(mixed: Path) -> None:
    index = find_cases([mixed])
    assert shown_names(index, "auto") == "hash"
    assert all(name.startswith("case-") for name in case_names(index, "salt", "auto").values())
    asked = case_names(index, "salt", "files")
    hashed = [asked[case.uid_key] for case in index.cases if case.kind == "dicom"]
    assert hashed
    assert all(name.startswith("case-") for name in hashed)
    assert "files-sub-01-anat-sub-01_T1w" not in asked.values()
    assert "sub-01_T1w" in asked.values()


def test_series_are_called_by_number_and_description_on_request(mixed: Path) -> None:
    index = find_cases([mixed / "dicom"])
    (name,) = (case_names(index, "salt", "series")[case.uid_key] for case in index.cases)
    assert name == "series-3_t1-MPRAGE"


@pytest.mark.parametrize(
    "place",
    ["../../etc/passwd.nii", "-rf.nii", "a" * 300 + "/b.nii.gz", "Jos\u00e9/t1.nii", "..nii"],
)
def test_no_path_makes_a_name_that_leaves_its_folder(place: str) -> None:
    name = file_case_name(place)
    assert name == "" or is_case_name(name)


def test_a_run_says_how_it_names(tmp_path: Path) -> None:
    assert names_of_run(tmp_path) == "hash"
    (tmp_path / "run.json").write_text(json.dumps({"names": "files"}))
    assert names_of_run(tmp_path) == "files"
    (tmp_path / "run.json").write_text(json.dumps({"names": "faces"}))
    assert names_of_run(tmp_path) == "hash"


def test_two_images_of_one_name_are_not_merged(tmp_path: Path) -> None:
    runs = []
    for number in (1, 2):
        case = tmp_path / f"run-{number}" / "cases" / "t1"
        case.mkdir(parents=True)
        fingerprint = {"input": str(number), "model_sha256": "", "config_sha256": "",
                       "software": ""}  # fmt: skip
        done = {"fingerprint": fingerprint, "row": {}, "files": []}
        (case / "done.json").write_text(json.dumps(done))
        runs.append(PartRun(tmp_path / f"run-{number}", {}, [{"case_id": "t1"}]))
    with pytest.raises(InputError, match="--names hash") as raised:
        _check_names(runs)
    assert raised.value.code == "same_names"
    _check_names([runs[0], runs[0]])
