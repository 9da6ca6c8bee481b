"""Which checkpoints a run leaves, and that a run goes on from its last one exactly."""

import contextlib
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch

from callosal.models.attention_unet import AttentionUNet
from callosal.models.segmentation_module import SegmentationModule
from callosal.pipelines.training.augment import Augmentation
from callosal.pipelines.training.callbacks.averaging import WarmUpAveraging
from callosal.pipelines.training.callbacks.run_checkpoint import RunCheckpoint
from callosal.pipelines.training.datamodule import SliceDataModule

BATCHES = 4
"""Batches of an epoch here."""


class _Killed(Exception):
    pass


class _Kill(pl.Callback):
    """Ends a run as a kill does: no hook of the end is called."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: object, batch_idx: int
    ) -> None:
        if trainer.global_step == self.step:
            raise _Killed


class _ConstantRate(SegmentationModule):
    """Its learning rate does not depend on the length of the run, so that runs can be compared."""

    def configure_optimizers(self) -> torch.optim.Optimizer:  # type: ignore[override]
        return torch.optim.AdamW(self.parameters(), lr=self.lr)


@pytest.fixture(autouse=True)
def _on_the_phantom(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CALLOSAL_DATA", raising=False)


def _fit(
    folder: Path, steps: int, every: int = 1000, go_on: Path | None = None,
    validate_every: int = 1000, kill_at: int = -1, epochs: int = -1,
) -> Path:  # fmt: skip
    torch.manual_seed(0)
    module = _ConstantRate(AttentionUNet((4, 8)), spacing_mm=1.0, lr=1e-2)
    data = SliceDataModule(
        batch_size=2, spacing_mm=1.0, size=192, phantoms=2 * BATCHES, seed=1,
        augmentation=Augmentation(crop_mm=32.0),
    )  # fmt: skip
    trainer = pl.Trainer(
        accelerator="cpu", max_steps=steps, max_epochs=epochs, val_check_interval=validate_every,
        check_val_every_n_epoch=None, num_sanity_val_steps=0, logger=False,
        enable_progress_bar=False, enable_model_summary=False, default_root_dir=folder,
        callbacks=[WarmUpAveraging(decay=0.9), RunCheckpoint(every), _Kill(kill_at)],
    )  # fmt: skip
    with contextlib.suppress(_Killed):
        trainer.fit(module, data, ckpt_path=go_on, weights_only=False)
    return folder / "checkpoints" / "last.ckpt"


def _load(path: Path) -> dict[str, object]:
    content: dict[str, object] = torch.load(path, weights_only=False)
    return content


def _assert_same(first: Path, second: Path) -> None:
    one, other = _load(first), _load(second)
    assert one["global_step"] == other["global_step"]
    for part in ("state_dict", "current_model_state", "averaging_state", "optimizer_states"):
        torch.testing.assert_close(one[part], other[part], rtol=0, atol=0)


@pytest.mark.parametrize("stop", [5, 2 * BATCHES])
def test_a_finished_run_goes_on_as_the_longer_one(tmp_path: Path, stop: int) -> None:
    # In the middle of an epoch and at its end.
    longer = _fit(tmp_path / "longer", 11)
    short = _fit(tmp_path / "short", stop)
    _assert_same(_fit(tmp_path / "resumed", 11, go_on=short), longer)


def test_the_end_keeps_the_weights_beside_their_average(tmp_path: Path) -> None:
    content = _load(_fit(tmp_path / "run", 5))
    with pytest.raises(AssertionError):
        torch.testing.assert_close(content["state_dict"], content["current_model_state"])


def test_a_run_that_ends_with_its_epochs_goes_on(tmp_path: Path) -> None:
    longer = _fit(tmp_path / "longer", 11)
    short = _fit(tmp_path / "short", -1, epochs=2)
    assert _load(short)["global_step"] == 2 * BATCHES
    _assert_same(_fit(tmp_path / "resumed", 11, go_on=short), longer)


@pytest.mark.parametrize("every", [3, BATCHES])
def test_a_run_killed_before_its_first_validation_leaves_a_checkpoint(
    tmp_path: Path, every: int
) -> None:
    # Every step to save at is the last one of an epoch in the second case.
    path = _fit(tmp_path / "run", 100, every=every, kill_at=2 * every + 1)
    assert _load(path)["global_step"] == 2 * every


def test_a_checkpoint_after_validation_goes_on_exactly(tmp_path: Path) -> None:
    longer = _fit(tmp_path / "longer", 11, validate_every=5)
    killed = _fit(tmp_path / "killed", 11, validate_every=5, kill_at=7)
    assert _load(killed)["global_step"] == 5
    _assert_same(_fit(tmp_path / "resumed", 11, go_on=killed, validate_every=5), longer)
