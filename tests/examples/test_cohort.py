import csv
import importlib.util
import json
import runpy
import sys
from pathlib import Path
from types import ModuleType

import pytest

from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.planning.reslice import nifti_bytes

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "cohort.py"


@pytest.mark.slow
def test_a_cohort_is_measured_and_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    images = tmp_path / "images"
    images.mkdir()
    people = [(f"p{seed}", "ab"[seed % 2]) for seed in range(1, 5)]
    for seed, (name, _) in enumerate(people, start=1):
        head = phantom_head(seed, (60, 120, 120), (2.0, 2.0, 2.0))
        (images / f"{name}.nii.gz").write_bytes(nifti_bytes(head.volume))
    table = tmp_path / "participants.tsv"
    rows = "".join(f"{name}\t{group}\n" for name, group in people)
    table.write_text("participant_id\tgroup\n" + rows)
    command = [SCRIPT, table, images, "--output", tmp_path / "out"]
    monkeypatch.setattr(sys, "argv", [str(word) for word in command])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(SCRIPT), run_name="__main__")
    assert ended.value.code == 0
    told = capsys.readouterr().out
    with (tmp_path / "out" / "cohort.csv").open() as stream:
        measured = {row["participant_id"]: row for row in csv.DictReader(stream)}
    assert list(measured) == [name for name, _ in people]
    sure = [row for row in measured.values() if row["status"] == "ok"]
    assert sure
    assert all(100 < float(row["area_mm2"]) < 1500 for row in sure)
    left_out = [row["participant_id"] for row in measured.values() if row["status"] != "ok"]
    assert all(f"left out: {name}" in told for name in left_out)
    for group in {row["group"] for row in sure}:
        values = [float(row["area_mm2"]) for row in sure if row["group"] == group]
        assert f"{group}: n {len(values)}, mean {sum(values) / len(values):.2f}" in told


def test_every_scan_of_a_participant_is_kept_and_no_group_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cohort = load_script()

    def made_run(inputs: list[Path], output: Path) -> int:
        """Two plans a participant, as `infer` writes them for two sessions."""
        for case, area in (("case-1", 500.0), ("case-2", 520.0)):
            (output / "cases" / case).mkdir(parents=True)
            plan = {"status": "ok", "confidence": 1.0, "reasons": [],
                    "morphometry": {"area_mm2": area}}  # fmt: skip
            (output / "cases" / case / "plan.json").write_text(json.dumps(plan))
        return 0

    monkeypatch.setattr(cohort, "infer", made_run)
    table = tmp_path / "participants.tsv"
    table.write_text("participant_id\tage\np1\t30\np2\t40\n")
    out = tmp_path / "out"
    out.mkdir()
    monkeypatch.setattr(sys, "argv", ["cohort", str(table), str(tmp_path), "--output", str(out)])
    assert cohort.main() == 0
    with (out / "cohort.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["participant_id"], row["case_id"]) for row in rows] == [
        ("p1", "case-1"), ("p1", "case-2"), ("p2", "case-1"), ("p2", "case-2"),
    ]  # fmt: skip
    assert "all: n 2, mean 510.00, SD 0.00" in capsys.readouterr().out


def load_script() -> ModuleType:
    specification = importlib.util.spec_from_file_location("cohort", SCRIPT)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
