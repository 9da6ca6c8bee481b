"""Segmenters trained from Python alone: their checkpoints load and export, or say why not."""

import warnings
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch import nn

from callosal.models.attention_unet import AttentionUNet
from callosal.models.bisenetv2 import BiSeNetV2
from callosal.models.errors import InputError
from callosal.models.masked_autoencoder import MaskedAutoencoderModule
from callosal.models.segmentation_module import SegmentationModule
from callosal.models.segmenter_checkpoint import load_segmenter
from callosal.models.vit import ViTSegmenter
from callosal.pipelines.cli import main
from callosal.pipelines.training.callbacks.pretrained_encoder import copy_encoder

SMALL = {
    "AttentionUNet": lambda: AttentionUNet(widths=(8, 16, 24)),
    "BiSeNetV2": lambda: BiSeNetV2((8, 8), (8, 8, 16, 16), expansion=2),
    "ViTSegmenter": lambda: ViTSegmenter(24, 1, 2, (4, 8, 8)),
}


class Plain(nn.Conv2d):
    """Built with nothing: there is nothing to keep."""

    def __init__(self) -> None:
        super().__init__(1, 1, 3, padding=1)


class Silent(nn.Conv2d):
    """Its weights fit any stride, so only its arguments tell what it answers."""

    def __init__(self, dilation: int = 1) -> None:
        super().__init__(1, 1, 3, padding=dilation, dilation=dilation)


def _saved(module: pl.LightningModule, folder: Path) -> Path:
    """A checkpoint as Lightning writes it where no command line is about."""
    trainer = pl.Trainer(logger=False, enable_checkpointing=False, accelerator="cpu")
    trainer.strategy.connect(module)
    trainer.save_checkpoint(folder / "last.ckpt")
    return folder / "last.ckpt"


@pytest.mark.parametrize("name", sorted(SMALL))
def test_a_segmenter_trained_from_python_loads_as_it_was(name: str, tmp_path: Path) -> None:
    module = SegmentationModule(SMALL[name](), spacing_mm=0.8).eval()
    loaded = load_segmenter(_saved(module, tmp_path))
    assert loaded.spacing_mm == 0.8
    image = torch.rand(1, 1, 96, 80) * 100
    with torch.inference_mode():
        torch.testing.assert_close(loaded(image), module(image))


def test_a_network_without_arguments_needs_no_record(tmp_path: Path) -> None:
    module = SegmentationModule(Plain())
    loaded = load_segmenter(_saved(module, tmp_path))
    torch.testing.assert_close(loaded.net.weight, module.net.weight)


def test_a_network_that_does_not_keep_its_arguments_is_refused_not_guessed(tmp_path: Path) -> None:
    module = SegmentationModule(Silent(dilation=2))
    with pytest.warns(UserWarning, match=r"cannot be exported: Silent .* self\.init_args"):
        module.on_fit_start()
    with pytest.raises(InputError, match=r"Silent .* self\.init_args"):
        load_segmenter(_saved(module, tmp_path))
    kept = SegmentationModule(SMALL["AttentionUNet"]())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kept.on_fit_start()


def test_pretraining_from_python_starts_a_segmenter(tmp_path: Path) -> None:
    path = _saved(MaskedAutoencoderModule(SMALL["ViTSegmenter"]()), tmp_path)
    assert copy_encoder(path, SegmentationModule(SMALL["ViTSegmenter"]()))


@pytest.mark.slow
def test_it_exports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("callosal.export.parity.SIZES", ((97, 131),))
    path = _saved(SegmentationModule(Plain(), spacing_mm=1.0), tmp_path)
    assert main(["export", "--checkpoint", str(path), "--output", "own.onnx"]) == 0
    assert (tmp_path / "own.onnx").is_file()


def test_a_file_that_holds_objects_is_refused_in_one_plain_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content: dict[str, Any] = {"state_dict": {}, "hyper_parameters": {"net": Silent()}}
    torch.save(content, tmp_path / "old.ckpt")
    words = ["export", "--checkpoint", str(tmp_path / "old.ckpt"), "--output", "x.onnx"]
    assert main(words) == 1
    told = capsys.readouterr().err
    assert "old.ckpt: holds Python objects" in told
    assert "\x1b" not in told
    assert len(told.strip().splitlines()) == 1
