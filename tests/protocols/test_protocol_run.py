"""`callosal infer --protocol`: what a head without commissures comes to, in every output."""

import csv
import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from callosal.pipelines.cli import main
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.planning.plan_file import Plan


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = phantom_head(1, (80, 120, 120), (2.0, 2.0, 2.0)).volume
    path = tmp_path_factory.mktemp("heads") / "head_T1w.nii.gz"
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ made.affine
    nib.save(nib.Nifti1Image(made.array.astype(np.int16), affine), path)
    return path


def test_an_assumed_line_is_told_in_plan_table_and_report(head: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    command = ["infer", str(head), "--protocol", "hippocampus", "--output", str(output)]
    assert main([*command, "--device", "cpu"]) == 0
    (path,) = output.glob("cases/*/plan.json")
    plan = Plan.read(path)
    entry = plan.document["protocol"]
    assert entry["commissures"]["reason"] == "commissures_not_seen"
    assert (entry["line"]["measured"], entry["line"]["basis"]) == (False, "callosum")
    assert plan.status == "low_confidence"
    assert plan.reasons[:2] == ("line_assumed", "center_assumed")
    assert plan.planes.coronal.n_slices == 25
    assert plan.planes.coronal.assumed == ("pitch", "center")
    told = (output / "report.html").read_text(encoding="utf-8")
    assert "hippocampus: hippocampal line" in told
    with (output / "results.csv").open() as stream:
        (row,) = csv.DictReader(stream)
    assert row["reasons"].startswith("line_assumed")
    tilt_deg = entry["line"]["angle_deg"] + entry["angle_offset_deg"]
    assert float(row["stack_angle_deg"]) == pytest.approx(tilt_deg, abs=1e-3)
    assert float(row["final_angle_deg"]) != pytest.approx(tilt_deg, abs=1)
    config = json.loads((output / "run.json").read_text())["config"]
    assert config["protocol"]["line"] == "hippocampal"


def test_a_protocol_and_a_first_visit_exclude_each_other(
    head: Path, tmp_path: Path, capsys
) -> None:
    command = ["infer", str(head), "--protocol", "ac_pc", "--like", str(tmp_path)]
    assert main([*command, "--output", str(tmp_path / "out")]) == 3
    assert "choose one of them" in capsys.readouterr().err


def test_an_unknown_protocol_is_refused_with_the_nearest_name(
    head: Path, tmp_path: Path, capsys
) -> None:
    command = ["infer", str(head), "--protocol", "acpc", "--output", str(tmp_path / "out")]
    assert main(command) == 1
    assert "did you mean ac_pc" in capsys.readouterr().err
