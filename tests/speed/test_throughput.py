"""Copies of a series for the throughput run."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from highdicom import CoordinateSystemNames, Volume

from callosal.models.errors import InputError
from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.reading.cases import find_cases
from callosal.pipelines.speed.throughput import (
    copy_series,
    processor_of_children_s,
)


def test_copies_are_series_of_their_own_with_the_same_voxels(tmp_path: Path) -> None:
    affine = np.array([[3.0, 0, 0, -30], [0, 0, 5, -60], [0, -5, 0, 60], [0, 0, 0, 1]])
    array = np.random.default_rng(0).integers(0, 900, (20, 24, 24)).astype(np.int16)
    volume = Volume(array, affine, CoordinateSystemNames.PATIENT)
    write_mr_series(volume, tmp_path / "one", description="made")
    expected = find_cases([tmp_path / "one"]).cases[0].load().array
    copy_series(tmp_path / "one", tmp_path / "many", 3)
    cases = find_cases([tmp_path / "many"]).cases
    assert len(cases) == 3
    assert len({case.uid_key for case in cases}) == 3
    for case in cases:
        np.testing.assert_array_equal(case.load().array, expected)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="holds no file"):
        copy_series(tmp_path / "none", tmp_path / "many", 1)


def test_processor_time_of_a_run_is_counted_when_it_has_ended() -> None:
    before = processor_of_children_s()
    subprocess.run([sys.executable, "-S", "-c", "sum(range(3_000_000))"], check=True)
    assert processor_of_children_s() - before > 0.01
