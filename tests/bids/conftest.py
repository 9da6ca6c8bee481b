"""A small BIDS dataset of phantoms, and what the participant level makes of it."""

import json
from pathlib import Path

import nibabel as nib
import pytest

from callosal.pipelines.cli import main
from callosal.pipelines.geometry.nifti_file import LPS_TO_RAS
from callosal.pipelines.phantom import phantom_head

DESCRIPTION = json.dumps({"Name": "Phantoms", "BIDSVersion": "1.10.0", "DatasetType": "raw"})


def write_image(dataset: Path, name: str, seed: int) -> Path:
    path = dataset / name
    path.parent.mkdir(parents=True, exist_ok=True)
    volume = phantom_head(seed, (80, 120, 120), (2.0, 2.0, 2.0)).volume
    voxels = volume.array.round().astype("int16")
    nib.save(nib.Nifti1Image(voxels, LPS_TO_RAS @ volume.affine), path)
    return path


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two participants: one of two sessions and a T2w image, one whose file is cut."""
    root = tmp_path_factory.mktemp("bids") / "phantoms"
    first = write_image(root, "sub-01/ses-1/anat/sub-01_ses-1_run-01_T1w.nii.gz", 1)
    write_image(root, "sub-01/ses-2/anat/sub-01_ses-2_T1w.nii.gz", 2)
    write_image(root, "sub-01/ses-1/anat/sub-01_ses-1_T2w.nii.gz", 3)
    write_image(root, "derivatives/other/sub-01/anat/sub-01_desc-preproc_T1w.nii.gz", 4)
    cut = root / "sub-02" / "anat" / "sub-02_T1w.nii.gz"
    cut.parent.mkdir(parents=True)
    cut.write_bytes(first.read_bytes()[:2000])
    (root / "dataset_description.json").write_text(DESCRIPTION)
    (root / "README").write_text("Phantoms, for tests.\n")
    (root / "participants.tsv").write_text(
        "participant_id\tage\tgroup\nsub-01\t30\ta\nsub-02\tn/a\tb\n"
    )
    return root


@pytest.fixture(scope="session")
def derivatives(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("derivatives") / "callosal"
    words = ["bids", str(dataset), str(output), "participant", "--skip-bids-validation"]
    assert main([*words, "--device", "cpu"]) == 2
    return output
