"""A finished run to review: a phantom head with a plan, and noise without a callosum."""

from pathlib import Path

import nibabel as nib
import numpy as np

from callosal.pipelines.cli import main
from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.review.review_session import ReviewSession


def make_run(folder: Path) -> Path:
    """Write inputs and results under a folder and return that of the results."""
    head = phantom_head(1, (80, 120, 120), (2.0, 2.0, 2.0))
    write_mr_series(head.volume, folder / "series", description="phantom")
    noise = np.random.default_rng(0).normal(500, 100, (60, 64, 64)).astype(np.int16)
    nib.save(nib.Nifti1Image(noise, np.diag([2.5, 2.5, 2.5, 1])), folder / "noise.nii.gz")
    inputs = [str(folder / "series"), str(folder / "noise.nii.gz")]
    assert main(["infer", *inputs, "--output", str(folder / "out"), "--device", "cpu"]) in (0, 2)
    return folder / "out"


def case_of(desk: ReviewSession, has_plan: bool) -> str:
    """Name of the case with, or of the one without a plan."""
    return next(n for n in desk.names if (desk.case(n).plan.planes is not None) is has_plan)
