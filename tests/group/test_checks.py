"""What a reader has to know before the results are used."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from callosal.pipelines.bids.dataset import BidsImage
from callosal.pipelines.bids.image_cases import index_images
from callosal.pipelines.group.change_table import read_changes
from callosal.pipelines.group.checks import checks
from callosal.pipelines.group.table import collect
from callosal.pipelines.outputs.case_files import CaseFiles
from callosal.pipelines.outputs.case_folder import RunFingerprint, write_case
from tests.group.made_group import make_group


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return make_group(tmp_path, n_people=3)


def found(folders: tuple[Path, Path]) -> list[str]:
    table = collect(*folders)
    return checks(table, read_changes(table, folders[1]), *folders)


def write_image(dataset: Path, name: str, seed: int) -> None:
    path = dataset / name
    path.parent.mkdir(parents=True, exist_ok=True)
    voxels = np.random.default_rng(seed).integers(0, 9, (16, 16, 16)).astype(np.int16)
    nib.save(nib.Nifti1Image(voxels, np.diag([10.0, 10, 10, 1])), path)


def image_of(participant: str, session: str) -> str:
    return f"{participant}/{session}/anat/{participant}_{session}_T1w.nii.gz"


def test_one_image_under_two_names_is_told(folders: tuple[Path, Path]) -> None:
    dataset, _ = folders
    for participant, session, seed in (
        ("sub-01", "ses-1", 1), ("sub-01", "ses-2", 1), ("sub-02", "ses-1", 2),
        ("sub-02", "ses-2", 3), ("sub-03", "ses-1", 2),
    ):  # fmt: skip
        write_image(dataset, image_of(participant, session), seed)
    said = found(folders)
    assert said[0].startswith("two images of sub-01 hold the same image: sub-01_ses-1_T1w and")
    assert said[1].startswith("sub-02 and sub-03 hold the same image: sub-02_ses-1_T1w and sub-03_")
    rows = {str(row["image"]): row["same_image_as"] for row in collect(*folders).rows}
    assert rows[image_of("sub-01", "ses-2")] == image_of("sub-01", "ses-1")
    assert sum(value is not None for value in rows.values()) == 2


def test_an_image_that_was_replaced_is_told(folders: tuple[Path, Path]) -> None:
    dataset, output = folders
    name = image_of("sub-01", "ses-1")
    write_image(dataset, name, 1)
    (case,) = index_images([BidsImage(dataset / name, name, {}, "T1w")]).cases
    write_case(
        output / "runs" / "sub-01" / "cases" / case.name,
        CaseFiles({}, {}),
        {},
        RunFingerprint("", "", "").of_case(case.fingerprint),
    )
    assert not any("replaced" in line for line in found(folders))
    write_image(dataset, name, 2)
    assert "replaced or have a new date: sub-01_ses-1_T1w" in found(folders)[0]


def test_an_image_that_was_removed_is_told(folders: tuple[Path, Path]) -> None:
    (folders[0] / image_of("sub-02", "ses-2")).unlink()
    (first, *_) = found(folders)
    assert "no such image any more, but its measures still count: sub-02_ses-2_T1w" in first


def test_participants_that_the_table_lacks_are_told(folders: tuple[Path, Path]) -> None:
    dataset, _ = folders
    (dataset / "participants.tsv").write_text("participant_id\tage\nsub-01\t30\nsub-03\t40\n")
    assert found(folders) == ["participants.tsv does not list sub-02, so nothing is known of them"]
    (dataset / "participants.tsv").write_text("participant_id\tage\n01\t30\n")
    said = "; ids begin with sub-, those of the table are 01"
    assert found(folders)[0].endswith(said)
