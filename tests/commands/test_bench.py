"""`callosal bench`, its shortest part."""

import json
from pathlib import Path

import pytest

from callosal.pipelines.cli import main


def test_wrong_numbers_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--rounds", "0"]) == 3
    assert "start at 1" in capsys.readouterr().err


@pytest.mark.slow
def test_the_record_holds_machine_and_figures(tmp_path: Path) -> None:
    output = tmp_path / "bench.json"
    words = ["bench", "--parts", '["reading"]', "--rounds", "1", "--output", str(output)]
    assert main(words) == 0
    record = json.loads(output.read_text())
    assert record["series"] == {"files": 192, "bytes": record["series"]["bytes"], "phantom": True}
    assert record["machine"]["gflops"] > 0
    (contest,) = record["contests"]
    assert contest["results"][0]["name"] == "callosal"
    assert contest["results"][0]["median_s"] > 0
    peers = {row["name"] for row in contest["results"][1:]} | set(contest["absent"])
    assert peers == {"SimpleITK", "dicom2nifti", "dcm2niix (process)"}
