"""Lines of progress where there is no terminal."""

import re
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch

from callosal.pipelines.training.callbacks.run_notes import RunNotes
from callosal.pipelines.training.callbacks.step_progress import StepProgress


class Line(pl.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def training_step(self, batch: torch.Tensor, index: int) -> torch.Tensor:
        return (self.weight - batch).square().mean()

    def validation_step(self, batch: torch.Tensor, index: int) -> None:
        self.log("val/loss", (self.weight - batch).square().mean())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.0)


def test_a_log_gets_step_loss_pace_and_time_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    batches = torch.utils.data.DataLoader(torch.ones(4, 1), batch_size=1)
    trainer = pl.Trainer(
        max_steps=4, accelerator="cpu", logger=False, enable_progress_bar=False,
        enable_model_summary=False, enable_checkpointing=False, num_sanity_val_steps=0,
        default_root_dir=tmp_path, callbacks=[RunNotes(), StepProgress(seconds_between=0)],
    )  # fmt: skip
    trainer.fit(Line(), batches, batches)
    lines = [line for line in capsys.readouterr().err.splitlines() if "step" in line]
    assert lines[0] == "steps 0 to 4; a line every 0 s"
    pace = r"(\d+\.\d\d s a step|\d+ steps a second)"
    assert re.fullmatch(rf"step 1 of 4, loss 1\.0000, {pace}, \d+ s left", lines[1])
    assert re.fullmatch(rf"step 4 of 4, loss 1\.0000, {pace}", lines[4])
    assert lines[5].startswith("step 4 of 4, validated: val/loss 1.0000")
