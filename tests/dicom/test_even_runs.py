"""How a stack with gaps or bends falls into even runs."""

from pathlib import Path

import pytest

from callosal.pipelines.dicom.even_runs import even_runs
from callosal.pipelines.dicom.headers import Header, scan
from callosal.pipelines.dicom.stacks import Stack, find_stacks
from tests.dicom.make_series import SeriesRecipe, make_series, write_slices


def stack_at(folder: Path, heights_mm: list[float], drift_mm: float = 0.0) -> Stack:
    """Sagittal slices at given heights, each shifted by `drift_mm` against the one before."""
    slices = make_series(SeriesRecipe(n_slices=len(heights_mm), slice_spacing_mm=1.0))
    left, posterior, superior = slices[0].ImagePositionPatient
    for number, (one, height_mm) in enumerate(zip(slices, heights_mm, strict=True)):
        shift_mm = drift_mm * number
        one.ImagePositionPatient = [left + height_mm, posterior + shift_mm, superior]
    write_slices(folder, slices)
    (stack,) = find_stacks(h for h in scan(folder) if isinstance(h, Header))
    return stack


@pytest.mark.parametrize(
    ("heights_mm", "expected"),
    [
        ([0, 10, 20, 30], [4]),
        ([0, 20, 30, 40], [1, 3]),
        ([0, 10, 30, 40], [2, 2]),
        ([0, 10, 30, 45], [2, 1, 1]),
        ([0, 25], [2]),
    ],
)
def test_runs_hold_every_slice_once_at_the_usual_step(
    tmp_path: Path, heights_mm: list[float], expected: list[int]
) -> None:
    stack = stack_at(tmp_path, heights_mm)
    runs = even_runs(stack)
    # Heights may grow or fall along the normal of the slices.
    assert sorted(len(run.planes) for run in runs) == sorted(expected)
    assert tuple(plane for run in runs for plane in run.planes) == stack.planes
    assert len({run.key for run in runs}) == len(runs)
    if len(runs) > 1:
        assert all(run.slice_spacing_mm == 10 for run in runs if len(run.planes) > 1)


def test_a_run_that_drifts_sideways_falls_into_single_slices(tmp_path: Path) -> None:
    """Each step drifts by less than a run allows, all together by more than a grid does."""
    stack = stack_at(tmp_path, [0, 10, 20, 30], drift_mm=0.08)
    assert stack.code == "sheared_stack"
    assert [len(run.planes) for run in even_runs(stack)] == [1, 1, 1, 1]
