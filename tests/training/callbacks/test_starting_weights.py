"""Fine-tuning: what is copied, and what is refused."""

import re
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch

from callosal.models.attention_unet import AttentionUNet
from callosal.models.errors import DataError, InputError
from callosal.models.segmentation_module import SegmentationModule
from callosal.pipelines.training.callbacks.starting_weights import copy_weights
from tests.training.command import ROOT, TINY, few_pictures, run_callosal


def _module(seed: int, widths: tuple[int, ...] = (8, 16)) -> SegmentationModule:
    torch.manual_seed(seed)
    return SegmentationModule(AttentionUNet(widths=widths))


def _checkpoint(module: pl.LightningModule, path: Path) -> Path:
    torch.save({"state_dict": module.state_dict()}, path)
    return path


def test_all_weights_are_copied(tmp_path: Path) -> None:
    trained, fresh = _module(1), _module(2)
    copy_weights(_checkpoint(trained, tmp_path / "trained.ckpt"), fresh)
    for name, weight in trained.state_dict().items():
        assert torch.equal(fresh.state_dict()[name], weight), name


def test_what_the_checkpoint_had_started_from_goes_on(tmp_path: Path) -> None:
    path, fresh = _checkpoint(_module(1), tmp_path / "trained.ckpt"), _module(2)
    copy_weights(path, fresh)
    assert fresh.started_from == ""
    torch.save(torch.load(path, weights_only=True) | {"started_from": "terms"}, path)
    copy_weights(path, fresh)
    assert fresh.started_from == "terms"


def test_another_network_is_refused_by_the_first_difference(tmp_path: Path) -> None:
    path = _checkpoint(_module(1, (8, 24)), tmp_path / "wide.ckpt")
    with pytest.raises(DataError, match=r"wide\.ckpt: holds another network.*net\.down"):
        copy_weights(path, _module(2))


def test_a_deeper_network_is_refused(tmp_path: Path) -> None:
    path = _checkpoint(_module(1, (8, 16, 24)), tmp_path / "deep.ckpt")
    with pytest.raises(DataError, match="use the same model in both runs"):
        copy_weights(path, _module(2))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such checkpoint"):
        copy_weights(tmp_path / "none.ckpt", _module(2))


@pytest.mark.slow
@pytest.mark.parametrize("config", ["attention_unet", "ddpm"])
def test_a_run_starts_from_another_runs_weights(config: str, tmp_path: Path) -> None:
    own = {
        "attention_unet": [*TINY, "--model.net.init_args.widths=[8,16]"],
        "ddpm": ["--trainer.accelerator=cpu", "--trainer.precision=32", "--data.phantoms=8",
                 "--data.batch_size=2", "--model.net.init_args.widths=[8,8,16]",
                 "--trainer.val_check_interval=2"],
    }[config]  # fmt: skip
    shipped = ROOT / "configs" / f"{config}.yaml"
    path = few_pictures(config, tmp_path / "few") if config == "ddpm" else shipped
    words = ["fit", "--config", str(path), *own, "--trainer.default_root_dir=runs"]
    done = run_callosal(*words, "--trainer.max_steps=2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    (end,) = re.findall(r"step 2 of 2, validated: (.+)", done.stderr)
    trained = tmp_path / "runs/version_0/checkpoints/last.ckpt"
    start = ["--trainer.callbacks+=StartingWeights",
             f"--trainer.callbacks.checkpoint={trained}", "--model.lr=1e-9",
             "--trainer.val_check_interval=1"]  # fmt: skip
    done = run_callosal(*words, "--trainer.max_steps=1", *start, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "starting from the weights of last.ckpt" in done.stderr
    # The start is scored whole, before the first step, and stands beside the end.
    (begin,) = re.findall(r"before the first step, validated: (.+)", done.stderr)
    if config == "attention_unet":
        assert begin == end
    assert re.search(r"step 1 of 1, validated: .*val/loss [\d.]+ \(start [\d.]+\)", done.stderr)
    tuned = tmp_path / "runs/version_1/checkpoints/last.ckpt"
    before, after = (torch.load(p, weights_only=True)["state_dict"] for p in (trained, tuned))
    weights = [name for name in before if name.startswith("net.") and "running" not in name]
    for name in weights:
        if before[name].is_floating_point():
            torch.testing.assert_close(after[name], before[name], atol=1e-5, rtol=1e-5)
