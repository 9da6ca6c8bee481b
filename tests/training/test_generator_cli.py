"""Generators through the real command line: every YAML, and the messages of mistakes."""

import csv
from pathlib import Path

import pytest
import torch
import yaml

from callosal.models.generation.autoencoder import PairAutoencoder
from tests.training.command import ROOT, Finished, few_pictures, run_callosal

pytestmark = pytest.mark.slow

CONFIGS = [
    path
    for path in sorted((ROOT / "configs").glob("*.yaml"))
    if yaml.safe_load(path.read_text(encoding="utf-8")).get("task") in ("autoencoder", "generator")
]
TINY = [
    "--trainer.accelerator=cpu",
    "--trainer.precision=32",
    "--trainer.max_steps=2",
    "--trainer.val_check_interval=2",
    "--trainer.log_every_n_steps=1",
    "--data.phantoms=8",
    "--data.batch_size=2",
]


def _fit(config: Path, *words: str, cwd: Path) -> Finished:
    return run_callosal("fit", "--config", str(config), *words, cwd=cwd)


def _autoencoder_of_stage_one(folder: Path) -> Path:
    """An untrained autoencoder whose file says that it passed the gate."""
    net = PairAutoencoder()
    content = {
        "state_dict": {f"net.{name}": weight for name, weight in net.state_dict().items()},
        "hyper_parameters": {
            "autoencoder": net.init_args,
            "gate": {"dice": 0.99, "psnr_db": 35.0},
        },
    }
    torch.save(content, folder / "autoencoder.ckpt")
    return folder / "autoencoder.ckpt"


def test_all_stages_have_a_config() -> None:
    assert {"autoencoder", "ddpm", "ldm"} <= {path.stem for path in CONFIGS}


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_every_config_runs_two_steps_on_the_phantom(config: Path, tmp_path: Path) -> None:
    words = list(TINY)
    if yaml.safe_load(config.read_text(encoding="utf-8"))["model"].get("autoencoder"):
        words.append(f"--model.autoencoder={_autoencoder_of_stage_one(tmp_path)}")
    done = _fit(few_pictures(config.stem, tmp_path / "few"), *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    (metrics,) = tmp_path.glob("runs/*/version_0/metrics.csv")
    with metrics.open() as stream:
        assert any(row.get("val/loss") for row in csv.DictReader(stream))
    assert list(tmp_path.glob("runs/*/version_0/samples/*.png"))
    (checkpoint,) = tmp_path.glob("runs/*/version_0/checkpoints/last.ckpt")
    assert torch.load(checkpoint, weights_only=True)["global_step"] == 2


def test_a_stopped_run_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    config = few_pictures("ddpm", tmp_path / "few")
    small = [*TINY, "--model.net.init_args.widths=[8,8,16]"]
    assert _fit(config, *small, cwd=tmp_path).returncode == 0
    last = "runs/ddpm/version_0/checkpoints/last.ckpt"
    done = _fit(config, *small, "--trainer.max_steps=4", f"--ckpt_path={last}", cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    resumed = tmp_path / "runs/ddpm/version_1/checkpoints/last.ckpt"
    assert torch.load(resumed, weights_only=True)["global_step"] == 4


@pytest.mark.parametrize(
    ("config", "words", "expected"),
    [
        ("ddpm.yaml", ["--model.objektive=vp"], "did you mean --model.objective?"),
        ("ddpm.yaml", ["--data.view.shape=[60,64]"], "multiples of 8"),
        ("ddpm.yaml", ["--task=painter"], "painter"),
        ("ldm.yaml", [], "last.ckpt: there is no such checkpoint"),
    ],
)
def test_mistakes_are_answered_in_three_lines(
    config: str, words: list[str], expected: str, tmp_path: Path
) -> None:
    done = _fit(ROOT / "configs" / config, *words, cwd=tmp_path)
    assert done.returncode == 3
    assert expected in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 3, done.stderr
