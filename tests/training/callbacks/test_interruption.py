"""Ctrl-C: the running step is finished, a checkpoint is kept, and the second one ends at once."""

import signal
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.loggers import CSVLogger
from pytorch_lightning.utilities.exceptions import SIGTERMException

from callosal.pipelines.training.callbacks.interruption import Interruption
from callosal.pipelines.training.callbacks.run_checkpoint import RunCheckpoint


class Line(pl.LightningModule):
    def __init__(self, stop_at: int, number: int = signal.SIGINT) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.stop_at, self.number = stop_at, number
        self.validated = 0

    def training_step(self, batch: torch.Tensor, index: int) -> torch.Tensor:
        if self.global_step == self.stop_at:
            signal.raise_signal(self.number)
        return (self.weight - batch).square().mean()

    def validation_step(self, batch: torch.Tensor, index: int) -> None:
        self.validated += 1

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.1)


def _fit(folder: Path, module: Line, *callbacks: pl.Callback) -> pl.Trainer:
    batches: Any = torch.utils.data.DataLoader(torch.ones(20, 1), batch_size=1)
    trainer = pl.Trainer(
        max_steps=20, accelerator="cpu", logger=CSVLogger(folder), enable_progress_bar=False,
        enable_model_summary=False, num_sanity_val_steps=0, callbacks=list(callbacks),
        default_root_dir=folder,
    )  # fmt: skip
    trainer.fit(module, batches, batches)
    return trainer


def test_the_run_ends_after_its_step_with_a_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGINT)
    stop, keeper, module = Interruption(), RunCheckpoint(500), Line(stop_at=3)
    trainer = _fit(tmp_path, module, stop, keeper)
    assert stop.happened
    assert trainer.global_step == 4
    assert module.validated == 0
    assert keeper.path is not None
    assert torch.load(keeper.path, weights_only=True)["global_step"] == 4
    assert "stopping after this step" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGINT) == before


def test_a_run_that_nobody_stops_is_not_called_stopped(tmp_path: Path) -> None:
    stop = Interruption()
    assert _fit(tmp_path, Line(stop_at=99), stop).global_step == 20
    assert not stop.happened


def test_the_system_may_end_a_run_too(tmp_path: Path) -> None:
    keeper = RunCheckpoint(500)
    # Lightning leaves a handler that another test left behind in its place.
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        with pytest.raises(SIGTERMException):
            _fit(tmp_path, Line(stop_at=3, number=signal.SIGTERM), keeper)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert keeper.path is not None
    assert torch.load(keeper.path, weights_only=True)["global_step"] == 4
