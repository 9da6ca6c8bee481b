"""A network of one's own: trained by its name, and told by it where it cannot be found."""

import sys
from pathlib import Path

import pytest

from tests.training.command import ROOT, TINY, run_callosal

pytestmark = pytest.mark.slow

NETWORK = """
from torch import nn


class Own(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(nn.Conv2d(1, 1, 3, padding=1))
"""


def test_an_export_says_which_network_cannot_be_imported(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "own_network.py").write_text(NETWORK, encoding="utf-8")
    config = ROOT / "configs" / "attention_unet.yaml"
    words = ["--config", str(config), "--data.root=null", "--trainer.max_steps=2", *TINY]
    own = ["--model.net=own_network.Own", "--trainer.default_root_dir=run"]
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(tmp_path / "code")
        done = run_callosal("fit", *words, *own, cwd=tmp_path)
    del sys.modules["own_network"]
    assert done.returncode == 0, done.stderr[-2000:]
    checkpoint = "run/version_0/checkpoints/last.ckpt"
    export = ["export", "--checkpoint", checkpoint, "--output", "own.onnx"]
    done = run_callosal(*export, cwd=tmp_path)
    assert done.returncode == 1
    assert "No module named 'own_network'" in done.stderr
    assert "put the folder of own_network.py on PYTHONPATH" in done.stderr
    assert not (tmp_path / "own.onnx").exists()
