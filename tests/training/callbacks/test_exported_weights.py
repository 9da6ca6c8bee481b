"""Fine-tuning what ships: the weights of an ONNX file, back in a network that learns."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
import yaml
from torch import Tensor, nn

from callosal.export.onnx_export import ProbabilityNetwork
from callosal.export.runtime import open_segmenter
from callosal.export.shipped import resolve_model
from callosal.models.attention_unet import AttentionUNet
from callosal.models.bisenetv2 import BiSeNetV2
from callosal.models.errors import DataError, InputError, ModelFileError
from callosal.models.segmentation_module import SegmentationModule
from callosal.models.vit import ViTSegmenter
from callosal.pipelines.phantom import phantom_slice
from callosal.pipelines.training.callbacks import exported_weights
from callosal.pipelines.training.callbacks.exported_weights import ExportedWeights, take_weights
from callosal.pipelines.training.datamodule import SliceDataModule
from tests.training.command import ROOT, TINY, run_callosal

NETWORKS = {"AttentionUNet": AttentionUNet, "ViTSegmenter": ViTSegmenter, "BiSeNetV2": BiSeNetV2}


def _shipped_config(name: str) -> SegmentationModule:
    model = yaml.safe_load((ROOT / "configs" / f"{name}.yaml").read_text())["model"]
    net = NETWORKS[model["net"]["class_path"]](**model["net"]["init_args"])
    return SegmentationModule(net, spacing_mm=model["spacing_mm"])


@pytest.fixture(scope="module")
def crops() -> list[Tensor]:
    drawn = np.stack([phantom_slice(seed, (256, 256), 0.5)[0] for seed in range(4)])
    return list(torch.from_numpy(drawn.astype(np.float32))[:, None].split(2))


@pytest.mark.parametrize("name", ["attention_unet", "vit", "bisenetv2"])
def test_a_shipped_model_answers_the_same_in_torch(name: str, crops: list[Tensor]) -> None:
    module = _shipped_config(name)
    take_weights(resolve_model(name), module, crops)
    expected = open_segmenter(resolve_model(name), "cpu", 1).probability(crops[1].numpy())
    with torch.no_grad():
        answered = ProbabilityNetwork(module.eval())(crops[1]).numpy()
        # Last, for it moves the statistics.
        learning = ProbabilityNetwork(module.train())(crops[1]).numpy()
    assert (expected > 0.5).sum() > 1000
    np.testing.assert_allclose(answered, expected, atol=1e-5)
    # Training normalises by each batch: nearly the same, where a fresh norm would give nothing.
    assert ((learning > 0.5) != (expected > 0.5)).sum() < 0.02 * (expected > 0.5).sum()


def test_another_network_is_refused_by_the_first_difference(crops: list[Tensor]) -> None:
    module = SegmentationModule(AttentionUNet(widths=(16, 32, 64, 128, 144)))
    with pytest.raises(DataError, match=r"attention_unet\.onnx: holds another network.*down\.3"):
        take_weights(resolve_model("attention_unet"), module, crops)


def test_another_class_is_refused(crops: list[Tensor]) -> None:
    with pytest.raises(DataError, match=r"vit\.onnx: holds another network.*net\.stem\.stages"):
        take_weights(resolve_model("vit"), _shipped_config("attention_unet"), crops)


class _Deeper(AttentionUNet):
    """The shipped network with a layer that its file knows nothing of."""

    def __init__(self) -> None:
        super().__init__()
        self.after = nn.Conv2d(1, 1, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        return self.after(super().forward(image))


def test_a_network_that_answers_otherwise_is_refused(crops: list[Tensor]) -> None:
    with pytest.raises(DataError, match="answers otherwise"):
        take_weights(resolve_model("attention_unet"), SegmentationModule(_Deeper()), crops)


def test_other_pixels_are_refused(crops: list[Tensor]) -> None:
    module = SegmentationModule(AttentionUNet(), spacing_mm=0.8)
    with pytest.raises(InputError, match=r"pixels of 0\.5 mm.*0\.8 mm"):
        take_weights(resolve_model("attention_unet"), module, crops)


def test_an_eight_bit_file_is_refused(crops: list[Tensor]) -> None:
    with pytest.raises(InputError, match="float model it was made of"):
        take_weights(resolve_model("attention_unet-int8"), _shipped_config("attention_unet"), crops)


def test_what_is_no_segmenter_is_refused() -> None:
    with pytest.raises(InputError, match="starts segmenters alone"):
        ExportedWeights().setup(pl.Trainer(logger=False), pl.LightningModule(), "fit")


@pytest.mark.parametrize(("lr", "told"), [(2e-3, True), (5e-4, False)])
def test_a_learning_rate_that_spoils_weights_is_told(
    lr: float, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = SegmentationModule(AttentionUNet(widths=(8, 16)), lr=lr)
    monkeypatch.setattr(exported_weights, "take_weights", lambda *_: None)
    monkeypatch.setattr(SliceDataModule, "first_crops", lambda self, batches: [])
    trainer = SimpleNamespace(datamodule=SliceDataModule(phantoms=8))
    callback = ExportedWeights()
    callback.setup(trainer, module, "fit")
    assert ("0.0005 is gentler" in callback.note()) == told


def test_a_checkpoint_is_sent_to_the_other_callback() -> None:
    with pytest.raises(ValueError, match="StartingWeights takes it"):
        ExportedWeights("last.ckpt")


def test_a_missing_file_is_refused(tmp_path: Path, crops: list[Tensor]) -> None:
    with pytest.raises(ModelFileError, match="no such model file"):
        take_weights(tmp_path / "none.onnx", _shipped_config("attention_unet"), crops)


@pytest.mark.slow
def test_a_run_starts_from_a_shipped_model(tmp_path: Path) -> None:
    words = ["fit", "--config", str(ROOT / "configs/attention_unet.yaml"), *TINY,
             "--trainer.default_root_dir=runs", "--trainer.max_steps=2",
             "--trainer.callbacks+=ExportedWeights", "--model.lr=1e-9"]  # fmt: skip
    done = run_callosal(*words, "--trainer.callbacks.model=attention_unet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "starting from the weights of attention_unet\n" in done.stderr
    state = torch.load(tmp_path / "runs/version_0/checkpoints/last.ckpt", weights_only=True)
    module = _shipped_config("attention_unet")
    module.load_state_dict(state["state_dict"])
    image = phantom_slice(9, (256, 256), 0.5)[0].astype(np.float32)[None, None]
    expected = open_segmenter(resolve_model("attention_unet"), "cpu", 1).probability(image)
    with torch.no_grad():
        answered = ProbabilityNetwork(module.eval())(torch.from_numpy(image)).numpy()
    assert ((answered > 0.5) != (expected > 0.5)).sum() < 0.05 * (expected > 0.5).sum()
    on = ["--ckpt_path=runs/version_0/checkpoints/last.ckpt", "--trainer.max_steps=3"]
    done = run_callosal(*words, *on, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "going on with the weights of the checkpoint" in done.stderr
    state = torch.load(tmp_path / "runs/version_1/checkpoints/last.ckpt", weights_only=True)
    # Through the resumed run as well.
    assert state["started_from"].startswith("started from attention_unet: ABIDE I")
    assert "CC BY-NC-SA" in state["started_from"]


def test_a_wrong_name_is_refused_with_those_that_ship(tmp_path: Path) -> None:
    done = run_callosal("fit", "--config", str(ROOT / "configs/attention_unet.yaml"), *TINY,
                        "--trainer.callbacks+=ExportedWeights",
                        "--trainer.callbacks.model=attention_net", cwd=tmp_path)  # fmt: skip
    assert done.returncode != 0
    assert "ExportedWeights: attention_net: neither a file nor a shipped" in done.stderr
    assert "attention_unet" in done.stderr
    assert "Traceback" not in done.stderr
