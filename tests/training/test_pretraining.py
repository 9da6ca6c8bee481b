"""Pretraining and fine-tuning through the real command line."""

from pathlib import Path

import pytest
import torch

from tests.training.command import ROOT, TINY, run_callosal

pytestmark = pytest.mark.slow

NET = "--model.net.init_args.depth=1"


def test_a_pretrained_encoder_starts_the_segmenter(tmp_path: Path) -> None:
    pretraining = [str(ROOT / "configs" / "vit_mae.yaml"), "--trainer.max_steps=2", NET]
    done = run_callosal("fit", "--config", *pretraining, *TINY, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    (checkpoint,) = tmp_path.glob("runs/vit_mae/version_0/checkpoints/last.ckpt")
    encoder = torch.load(checkpoint, weights_only=True)["state_dict"]
    words = ["--trainer.callbacks+=PretrainedEncoder",
             f"--trainer.callbacks.checkpoint={checkpoint}",
             "--model.lr=1e-9", "--trainer.max_steps=1"]  # fmt: skip
    config = str(ROOT / "configs" / "vit.yaml")
    done = run_callosal("fit", "--config", config, *TINY, NET, *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    (tuned,) = tmp_path.glob("runs/vit/version_0/checkpoints/last.ckpt")
    state = torch.load(tuned, weights_only=True)["state_dict"]
    name = "net.blocks.0.mlp.0.weight"
    assert torch.allclose(state[name], encoder[name], atol=1e-5)


def test_a_missing_checkpoint_is_answered_in_three_lines(tmp_path: Path) -> None:
    words = ["--trainer.callbacks+=PretrainedEncoder", "--trainer.callbacks.checkpoint=no.ckpt"]
    config = str(ROOT / "configs" / "vit.yaml")
    done = run_callosal("fit", "--config", config, *TINY, *words, cwd=tmp_path)
    assert done.returncode in (1, 3)
    assert "no.ckpt" in done.stderr
    assert "Traceback" not in done.stderr
