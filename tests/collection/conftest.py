"""A run of slices of three persons, of which one came twice; and copies of it to review."""

import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from callosal.pipelines.cli import main
from callosal.pipelines.phantom import phantom_slice

SLICES = ("sub-01_ses-1", "sub-01_ses-2", "sub-02", "sub-03")


@pytest.fixture(scope="session")
def finished_slices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("collected")
    affine = np.array([[1, 0, 0, 0], [0, -1.0, 0, 90], [0, 0, -1.0, 90], [0, 0, 0, 1]])
    for seed, name in enumerate(SLICES):
        pixels, _ = phantom_slice(seed, (192, 192))
        nib.save(nib.Nifti1Image(pixels.T[None], affine), folder / f"{name}_T1w.nii.gz")
    assert main(["infer", str(folder), "--output", str(folder / "out"), "--device", "cpu"]) in (
        0,
        2,
    )
    # Named as BIDS names cases; who a case shows then follows from its name.
    for path, name in zip(sorted((folder / "out" / "cases").iterdir()), SLICES, strict=True):
        path.rename(path.parent / name)
    return folder / "out"


@pytest.fixture
def run(finished_slices: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished_slices, tmp_path / "out"))
