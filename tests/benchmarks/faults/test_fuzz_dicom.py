"""A fixed number of broken DICOM files; `make fuzz` runs many more."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def fuzz(tmp_path: Path, *words: str, script: str = "fuzz_dicom.py") -> dict:
    record = tmp_path / "record.json"
    command = [
        sys.executable,
        ROOT / "benchmarks" / "faults" / script,
        *words,
        "--output",
        record,
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    return json.loads(record.read_text())


def test_the_reader_stands_a_thousand_broken_files(tmp_path: Path) -> None:
    found = fuzz(tmp_path, "--reader", "1000", "--seed", "11")["reader"]
    assert found["failures"] == []
    assert found["outcomes"]["read"] > 300  # not all were refused at the door
    assert len(found["outcomes"]) > 12


@pytest.mark.slow
def test_broken_files_mislead_no_plan(tmp_path: Path) -> None:
    found = fuzz(tmp_path, "--pipeline", "12", "--seed", "11")["pipeline"]
    assert found["failures"] == []
    assert found["outcomes"]["ok"] >= 2


@pytest.mark.slow
def test_broken_volume_files_mislead_no_plan(tmp_path: Path) -> None:
    found = fuzz(tmp_path, "--count", "60", "--seed", "11", script="fuzz_nifti.py")
    assert found["failures"] == []
    assert found["outcomes"]["ok"] >= 2
    assert len(found["outcomes"]) > 4
