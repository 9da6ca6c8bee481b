"""Generators trained for a few steps on the phantom: resume, checkpoints, missing labels."""

import warnings
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint

from callosal.models.errors import InputError
from callosal.models.generation.autoencoder import PairAutoencoder
from callosal.models.generation.autoencoder_module import AutoencoderModule
from callosal.models.generation.checkpoint import TrainedGenerator, load_generator
from callosal.models.generation.codec import load_gated_autoencoder
from callosal.models.generation.denoiser import JointDenoiser
from callosal.models.generation.diffusion_module import DiffusionModule
from callosal.models.generation.objectives import ObjectiveName
from callosal.pipelines.training.callbacks.averaging import WarmUpAveraging
from callosal.pipelines.training.pair_datamodule import PairDataModule
from callosal.pipelines.training.pair_view import WindowSettings

VIEW = WindowSettings(spacing_mm=3.0, shape=(32, 40), finer=1)
STEPS = 6


@pytest.fixture(autouse=True)
def _on_the_phantom(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CALLOSAL_DATA", raising=False)
    warnings.filterwarnings("ignore", module="pytorch_lightning")


def _denoiser(channels: int) -> JointDenoiser:
    torch.manual_seed(0)
    return JointDenoiser(channels, widths=(8, 16), depth=1, heads=2)


def _pixel_module(objective: ObjectiveName = "rectified_flow") -> DiffusionModule:
    return DiffusionModule(_denoiser(2), objective=objective, seed=3)


def _fit(
    module: pl.LightningModule, folder: Path, resume_from: Path | None = None, labelled: int = 5
) -> dict[str, float]:
    data = PairDataModule(view=VIEW, batch_size=3, phantoms=8, labelled=labelled, seed=1)
    saving = ModelCheckpoint(
        folder, filename="{step}", save_top_k=-1, every_n_train_steps=2, save_last=False
    )
    after_validation = ModelCheckpoint(folder, filename="validated", monitor="val/loss")
    trainer = pl.Trainer(
        accelerator="cpu", max_steps=STEPS, max_epochs=-1, val_check_interval=3,
        check_val_every_n_epoch=None, num_sanity_val_steps=0, logger=False,
        enable_progress_bar=False, enable_model_summary=False, gradient_clip_val=1.0,
        callbacks=[WarmUpAveraging(), saving, after_validation],
    )  # fmt: skip
    trainer.fit(module, data, ckpt_path=resume_from, weights_only=True)
    return {name: float(value) for name, value in trainer.callback_metrics.items()}


@pytest.fixture
def autoencoder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    module = AutoencoderModule(PairAutoencoder(image_width=16, mask_width=8), crop_px=32)
    _fit(module, tmp_path / "autoencoder")
    return tmp_path / "autoencoder" / "validated.ckpt"


def _pass_the_gate(path: Path) -> Path:
    content = torch.load(path, weights_only=True)
    content["hyper_parameters"]["gate"] = {"dice": 0.99, "psnr_db": 35.0}
    torch.save(content, path)
    return path


@pytest.mark.parametrize("stop", [2, 4])
def test_a_resumed_run_is_the_unbroken_one(tmp_path: Path, stop: int) -> None:
    unbroken = _fit(_pixel_module(), tmp_path / "whole")
    resumed = _fit(_pixel_module(), tmp_path / "resumed", tmp_path / "whole" / f"step={stop}.ckpt")
    assert resumed == unbroken
    ends = [
        torch.load(tmp_path / name / f"step={STEPS}.ckpt", weights_only=True)
        for name in ("whole", "resumed")
    ]
    for part in ("state_dict", "current_model_state"):
        for name, weight in ends[0][part].items():
            assert torch.equal(weight, ends[1][part][name]), (part, name)


@pytest.mark.parametrize("objective", ["rectified_flow", "vp"])
def test_a_checkpoint_carries_its_generator(tmp_path: Path, objective: ObjectiveName) -> None:
    module = _pixel_module(objective)
    _fit(module, tmp_path / "run")
    generator = load_generator(tmp_path / "run" / f"step={STEPS}.ckpt")
    spec = generator.spec
    assert (spec.kind, spec.objective, spec.shape) == ("pixel", objective, (32, 40))
    assert spec.sample_shape == (2, 32, 40)
    assert "5 of them with their mask" in spec.training_data
    assert generator.autoencoder is None
    # After a fit the module holds the averaged weights, as the checkpoint does.
    _same_answer(generator, module)


def test_a_latent_checkpoint_carries_its_autoencoder(tmp_path: Path, autoencoder: Path) -> None:
    module = DiffusionModule(_denoiser(6), autoencoder=_pass_the_gate(autoencoder), seed=3)
    _fit(module, tmp_path / "run")
    autoencoder.unlink()
    generator = load_generator(tmp_path / "run" / f"step={STEPS}.ckpt")
    assert generator.spec.sample_shape == (6, 8, 10)
    latent = generator.spec.latent
    assert latent is not None
    assert latent.std == pytest.approx(module.codec.std.tolist())
    assert min(latent.std) > 0
    assert generator.autoencoder is not None
    pair = torch.randn(1, 2, 32, 40)
    scaled = torch.tensor(latent.mean)[:, None, None], torch.tensor(latent.std)[:, None, None]
    encoded = (generator.autoencoder.encode(pair)[0] - scaled[0]) / scaled[1]
    torch.testing.assert_close(encoded, module.codec.encode(pair), atol=1e-5, rtol=1e-5)
    _same_answer(generator, module)


def _same_answer(generator: TrainedGenerator, module: DiffusionModule) -> None:
    shape = generator.spec.sample_shape
    inputs = torch.randn(2, *shape), torch.rand(2, 2), torch.randn(2, 4), torch.ones(2, 4)
    with torch.no_grad():
        torch.testing.assert_close(
            generator.denoiser(*inputs), module.eval()(*inputs), atol=1e-6, rtol=1e-5
        )


def test_an_untrained_autoencoder_does_not_pass_the_gate(autoencoder: Path) -> None:
    with pytest.raises(InputError, match="train it longer"):
        load_gated_autoencoder(autoencoder)


def test_other_checkpoints_hold_no_generator(autoencoder: Path) -> None:
    with pytest.raises(InputError, match="not a checkpoint of a generator"):
        load_generator(autoencoder)


def test_a_net_of_other_channels_is_refused() -> None:
    with pytest.raises(ValueError, match=r"net\.channels must be 2"):
        DiffusionModule(_denoiser(6))


def test_without_a_label_the_mask_is_not_asked_for() -> None:
    module = _pixel_module()
    pair = torch.randn(2, 2, 16, 16)
    batch = {
        "pair": pair,
        "condition": torch.randn(2, 4),
        "labelled": torch.zeros(2),
        "step": torch.tensor([0]),
    }
    other = {**batch, "pair": torch.stack([pair[:, 0], -pair[:, 1]], 1)}
    times, given = torch.full((2, 2), 0.4), torch.ones(2, 4)
    losses = [
        module._losses(one, times, given, torch.Generator().manual_seed(0))
        for one in (batch, other)
    ]
    assert losses[0][1] == 0
    assert losses[0][0] == losses[1][0] > 0
