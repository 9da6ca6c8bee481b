import csv
import runpy
import sys
from pathlib import Path

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
