"""The commands by which the experiment with made scans gets its pairs."""

import json
from pathlib import Path

import pytest
import yaml

from tests.examples.test_ten_scans import write_pairs
from tests.training.command import ROOT, few_pictures, run_callosal

pytestmark = pytest.mark.slow

SHORT = {
    "fit": ["--trainer.max_steps=2", "--trainer.val_check_interval=2", "--trainer.precision=32",
            "--trainer.accelerator=cpu", "--data.batch_size=4",
            "--model.net.init_args.widths=[8,16]"],
    "export": ["--steps=2"],
    "generate": ["--count=2"],
}  # fmt: skip


def test_a_generator_of_few_labels_makes_the_pairs_of_its_arm(tmp_path: Path) -> None:
    pytest.importorskip("pytorch_lightning", reason="training needs the extra `train`")
    grid = yaml.safe_load(
        (ROOT / "benchmarks" / "synthetic" / "synthetic_experiment.yaml").read_text()
    )
    data = write_pairs(tmp_path / "data", [f"sub-{number:02d}" for number in range(6)])
    folder = tmp_path / "pairs"
    few_pictures("ddpm", tmp_path / "configs")
    for said in grid["sources"]["ddpm_unlabelled"]["make"]:
        _, command, *words = (str(one).format(data=data, folder=folder, count=2) for one in said)
        done = run_callosal(command, *words, *SHORT[command], cwd=tmp_path)
        assert done.returncode == 0, done.stderr[-3000:]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["counts"]["written"] == 2
    assert "2 of them with their mask" in manifest["model"]["training_data"]
    assert not manifest["checks"]["filtered"]
