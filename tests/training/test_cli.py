"""Training through the real command line: every YAML, resume, and the messages of mistakes."""

import csv
from pathlib import Path

import pytest
import torch
import yaml

from callosal.pipelines.cli import main
from tests.training.command import ROOT, TINY, ended, process_of, run_callosal

pytestmark = pytest.mark.slow

CONFIGS = [
    path
    for path in sorted((ROOT / "configs").glob("*.yaml"))
    if "\ntask:" not in path.read_text(encoding="utf-8")
]
"""Those of segmenters; test_pretraining.py and test_generator_training.py run the others."""


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_every_config_runs_two_steps_on_the_phantom(config: Path, tmp_path: Path) -> None:
    # Without a folder every config of a segmenter trains on the phantom.
    words = ["--data.root=null", "--trainer.max_steps=2", *TINY]
    done = run_callosal("fit", "--config", str(config), *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    (metrics,) = tmp_path.glob("runs/*/version_0/metrics.csv")
    with metrics.open() as stream:
        rows = list(csv.DictReader(stream))
    assert any(row.get("val/dice") for row in rows)
    assert list(tmp_path.glob("runs/*/version_0/samples/*.png"))
    (checkpoint,) = tmp_path.glob("runs/*/version_0/checkpoints/last.ckpt")
    assert torch.load(checkpoint, weights_only=True)["global_step"] == 2


def test_a_short_run_tells_data_network_steps_checkpoint_and_what_is_next(tmp_path: Path) -> None:
    words = [*TINY, "--trainer.max_steps=3", "--trainer.val_check_interval=100",
             "--trainer.log_every_n_steps=50", "--trainer.precision=bf16-mixed",
             "--trainer.default_root_dir=elsewhere"]  # fmt: skip
    config = ROOT / "configs" / "attention_unet.yaml"
    # In a process of its own: what libraries print when they are imported counts as well.
    done = ended(process_of("fit", "--config", str(config), *words, cwd=tmp_path))
    assert done.returncode == 0, done.stderr[-2000:]
    zeroth, first, second, third, *_ = done.stderr.splitlines()
    assert zeroth.startswith("precision bf16-mixed (as the config says")
    assert first == (
        "no data given: training on the phantom (drawings, 8 train, 4 val slices); "
        "give --data.root FOLDER or set $CALLOSAL_DATA"
    )
    assert second.startswith("network AttentionUNet: 1.8 M parameters, on cpu")
    assert third.startswith("steps 0 to 3")
    assert "step 3 of 3, loss" in done.stderr
    noise = ("litlogger", "TPU", "LeafSpec", "FLOPs", "model summary", "Epoch", "weights_only")
    assert not [word for word in noise if word in done.stderr + done.stdout]
    path = "elsewhere/version_0/checkpoints/last.ckpt"
    assert done.stdout.splitlines()[-2:] == [
        f"checkpoint: {path}",
        f"next: callosal export --checkpoint {path} --output my_model.onnx",
    ]
    assert torch.load(tmp_path / path, weights_only=True)["global_step"] == 3
    # The run writes nowhere else.
    assert {each.name for each in tmp_path.iterdir()} == {"elsewhere", "callosal.py.txt"}
    with (tmp_path / "elsewhere/version_0/metrics.csv").open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row["step"] == "2"
    assert float(row["train/loss"]) > 0


@pytest.mark.parametrize("config", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_config_saves_by_the_step_and_warms_its_average_up(config: Path) -> None:
    trainer = yaml.safe_load(config.read_text(encoding="utf-8"))["trainer"]
    named = {one["class_path"]: one.get("init_args", {}) for one in trainer["callbacks"]}
    assert named["RunCheckpoint"]["every_n_train_steps"] <= trainer["max_steps"] / 3
    assert "WarmUpAveraging" in named
    # Its loggers then follow default_root_dir.
    assert "logger" not in trainer


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--model.lrr=1"], "--model.lrr"),
        (["--trainer.max_step=1"], "did you mean --trainer.max_steps?"),
        (["--config=no_such.yaml"], "callosal fit: --config: there is no file no_such.yaml"),
        (["--model.lr=fast"], "model.lr: 'fast' is not a number"),
        (["--data.root=no/such/folder"], "does not exist"),
        (["--model.net=AttentionUNett"], "AttentionUNet"),
        (["--trainer.val_check_interval=0"], "limit_val_batches 0 leaves validation out"),
        (["--data.size=63"], "size: 63 pixels of 0.5 mm are 31.5 mm"),
        (["--model.lr=7"], "lr must lie between 0 and 1"),
        (["--data.augmentation.wide=2"], "augmentation.wide: 2.0 is no share; use 0 to 1"),
    ],
)
def test_mistakes_are_answered_in_three_lines(
    words: list[str], expected: str, tmp_path: Path
) -> None:
    config = ROOT / "configs" / "attention_unet.yaml"
    done = run_callosal("fit", "--config", str(config), *words, cwd=tmp_path)
    assert done.returncode == 3
    assert expected in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 3, done.stderr


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    config = ROOT / "configs" / "attention_unet.yaml"
    words = ["--trainer.accelerator=cuda", "--data.phantoms=8"]
    done = run_callosal("fit", "--config", str(config), *words, cwd=tmp_path)
    assert done.returncode == 3
    (line,) = done.stderr.strip().splitlines()
    assert "the trainer refuses this run" in line


@pytest.mark.parametrize("command", ["fit", "validate", "test"])
def test_a_command_alone_is_told_what_it_needs(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command]) == 3
    told = capsys.readouterr().err
    assert told.startswith(f"callosal {command}: ")
    assert "--config attention_unet" in told
