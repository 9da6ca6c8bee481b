"""Lines of progress where there is no terminal."""

import re
import time
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


def _fit(tmp_path: Path, steps: int, progress: StepProgress, module: Line | None = None) -> None:
    batches = torch.utils.data.DataLoader(torch.ones(steps, 1), batch_size=1)
    trainer = pl.Trainer(
        max_steps=steps, accelerator="cpu", logger=False, enable_progress_bar=False,
        enable_model_summary=False, enable_checkpointing=False, num_sanity_val_steps=0,
        default_root_dir=tmp_path, callbacks=[RunNotes(), progress],
    )  # fmt: skip
    trainer.fit(module or Line(), batches, batches)


def test_pace_and_time_left_come_after_ten_steps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _fit(tmp_path, 40, StepProgress(seconds_between=3600))
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("step ")]
    assert [line.split(",")[0] for line in lines[:2]] == ["step 10 of 40", "step 40 of 40"]
    assert re.search(r"(s a step|steps a second), \d+ s left$", lines[0])


def test_the_first_step_does_not_count_for_the_pace(tmp_path: Path) -> None:
    class SlowStart(Line):
        def training_step(self, batch: torch.Tensor, index: int) -> torch.Tensor:
            if index == 0:
                time.sleep(2)
            return super().training_step(batch, index)

    said: list[str] = []

    class Heard(StepProgress):
        def words(self, step: int, loss: float | None) -> str:
            said.append(super().words(step, loss))
            return said[-1]

    _fit(tmp_path, 12, Heard(seconds_between=3600), SlowStart())
    # With the first it would be 0.2 s a step.
    assert "steps a second" in said[0]


def test_a_log_gets_step_loss_pace_and_time_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _fit(tmp_path, 4, StepProgress(seconds_between=0))
    lines = [line for line in capsys.readouterr().err.splitlines() if "step" in line]
    assert lines[0] == "steps 0 to 4; a line after 10 steps, then every 0 s"
    pace = r"(\d+\.\d\d s a step|\d+ steps a second)"
    assert re.fullmatch(rf"step 1 of 4, loss 1\.0000, {pace}, \d+ s left", lines[1])
    assert re.fullmatch(rf"step 4 of 4, loss 1\.0000, {pace}", lines[4])
    assert lines[5].startswith("step 4 of 4, validated: val/loss 1.0000")
