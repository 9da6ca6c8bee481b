"""What `callosal evaluate` shows."""

from pathlib import Path

import pytest
from rich.console import Console

from callosal.export.shipped import DEFAULT
from callosal.models.errors import InputError
from callosal.pipelines.evaluation.measures import CaseMeasures
from callosal.pipelines.evaluation.run import figures_table, run_evaluation
from callosal.pipelines.evaluation.summary import spread, summarise


def test_the_table_of_a_bad_model_fits_eighty_columns_uncut() -> None:
    case = CaseMeasures(0.0373, 0.02, 115.92, 60.0, -91.6, 32.08, 97.72, 10.0, 600.0, 0.1)
    figures = summarise([case] * 3)
    pose = {"angle_error_deg": spread([2.13]), "center_error_mm": spread([1.8])}
    metrics = {
        "model": {"name": "bad"},
        "split": "test",
        "overall": figures,
        "sites": {"MaxMun_d": figures},
        "floors": {"mean_mask": figures, "constant_pose": pose},
    }
    console = Console(width=80, record=True)
    console.print(figures_table(metrics))
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= 80
    (row,) = (line for line in text.splitlines() if "MaxMun_d" in line)
    assert row.split() == ["MaxMun_d", "3", "0.0373", "115.92", "-91.6", "32.08", "97.72", "3"]
    for heading in ("HD95 mm", "angle deg", "centre mm", "(mean mask)", "(one pose)"):
        assert heading in text


def test_a_seed_below_zero_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--pose-seed -1: seeds begin at 0"):
        run_evaluation(tmp_path / "none", tmp_path / "out", DEFAULT, "test", "cpu", -1, None)
    assert not (tmp_path / "out").exists()
