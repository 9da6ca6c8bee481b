"""A finished run to review: a phantom head with a plan, and noise without a callosum."""

import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from callosal.pipelines.cli import main
from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.review.desk import ReviewDesk


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reviewed")
    head = phantom_head(1, (80, 120, 120), (2.0, 2.0, 2.0))
    write_mr_series(head.volume, folder / "series", description="phantom")
    noise = np.random.default_rng(0).normal(500, 100, (60, 64, 64)).astype(np.int16)
    nib.save(nib.Nifti1Image(noise, np.diag([2.5, 2.5, 2.5, 1])), folder / "noise.nii.gz")
    inputs = [str(folder / "series"), str(folder / "noise.nii.gz")]
    assert main(["infer", *inputs, "--output", str(folder / "out"), "--device", "cpu"]) in (0, 2)
    return folder / "out"


@pytest.fixture
def run(finished_run: Path, tmp_path: Path) -> Path:
    """A run of one's own to write into."""
    return Path(shutil.copytree(finished_run, tmp_path / "out"))


@pytest.fixture
def desk(run: Path) -> ReviewDesk:
    return ReviewDesk.of(run)


def _named(desk: ReviewDesk, has_plan: bool) -> str:
    return next(n for n in desk.names if (desk.case(n).plan["planes"] is not None) is has_plan)


@pytest.fixture
def planned(desk: ReviewDesk) -> str:
    """Name of the case with a plan."""
    return _named(desk, has_plan=True)


@pytest.fixture
def unplanned(desk: ReviewDesk) -> str:
    """Name of the case without one."""
    return _named(desk, has_plan=False)
