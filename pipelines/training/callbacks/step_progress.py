"""How far a training run is: a bar on a terminal, elsewhere a line every half minute."""

import sys
import time
from typing import Any

import pytorch_lightning as pl
import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from callosal.pipelines.console.duration import duration

SECONDS_BETWEEN = 30.0
FIRST_STEPS = 10
"""After so many steps the pace is said for the first time: whoever waits wants to know early."""


class StepProgress(pl.Callback):
    """Says step, loss, pace and time left, first after ten steps.

    The pace leaves out the first step, which also chooses kernels and fills caches.

    Args:
        seconds_between: Time from one line to the next, where there is no terminal.
    """

    def __init__(self, seconds_between: float = SECONDS_BETWEEN) -> None:
        self.seconds_between = seconds_between
        self._total = 0
        self._first_step = 0
        self._start = self._told = 0.0
        self._paced_step = self._told_step = 0
        self._start_scores: dict[str, float] = {}
        self._bar: Progress | None = None

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin to count the time."""
        if not trainer.is_global_zero:
            return
        self._total = int(trainer.estimated_stepping_batches)
        self._first_step = self._paced_step = trainer.global_step
        self._start = self._told = time.monotonic()
        console = Console(stderr=True)
        if console.is_terminal:
            columns = TextColumn("{task.description}", markup=False), BarColumn()
            self._bar = Progress(*columns, console=console, transient=True)
            self._bar.add_task("", total=self._total)
            self._bar.start()
        else:
            every = f"a line after {FIRST_STEPS} steps, then every {self.seconds_between:.0f} s"
            _say(f"steps {self._first_step} to {self._total}; {every}")

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: object, *_: Any
    ) -> None:
        """Say the step where it is time."""
        now = time.monotonic()
        done = trainer.global_step - self._first_step
        every = 0.5 if self._bar is not None else self.seconds_between
        # With accumulated gradients several batches share a step.
        early = done == FIRST_STEPS and trainer.global_step != self._told_step
        due = early or trainer.global_step == self._total or now - self._told >= every
        if trainer.is_global_zero and due:
            self._told, self._told_step = now, trainer.global_step
            self._tell(self.words(trainer.global_step, _loss(outputs)), trainer.global_step)
        if done == 1 and self._paced_step == self._first_step:
            self._start, self._paced_step = time.monotonic(), trainer.global_step

    def on_sanity_check_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Say what the weights are worth that a run starts from, where all of it was validated."""
        if trainer.is_global_zero and trainer.num_sanity_val_steps == float("inf"):
            self._start_scores = _scores(trainer)
            figures = ", ".join(f"{name} {value:.4f}" for name, value in self._start_scores.items())
            _say(f"before the first step, validated: {figures}")

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Tell what validation found."""
        if trainer.is_global_zero and not trainer.sanity_checking and self._total:
            found = [
                f"{name} {value:.4f}"
                + (f" (start {self._start_scores[name]:.4f})" if self._start_scores else "")
                for name, value in _scores(trainer).items()
            ]
            line = f"step {trainer.global_step} of {self._total}, validated: {', '.join(found)}"
            _say(line) if self._bar is None else self._bar.console.print(line, highlight=False)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Leave the terminal."""
        self._stop()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Leave the terminal to the message."""
        self._stop()

    def words(self, step: int, loss: float | None) -> str:
        """Such as "step 120 of 5000, loss 0.5300, 0.61 s a step, 49 min left"."""
        # A coarse clock may not have moved yet.
        spent_s = max(time.monotonic() - self._start, 1e-3)
        step_s = spent_s / max(step - self._paced_step, 1)
        words = [f"step {step} of {self._total}"]
        if loss is not None:
            words.append(f"loss {loss:.4f}")
        words.append(pace(step_s))
        if step < self._total:
            words.append(f"{duration(step_s * (self._total - step))} left")
        return ", ".join(words)

    def _tell(self, line: str, step: int) -> None:
        if self._bar is None:
            _say(line)
        else:
            self._bar.update(self._bar.task_ids[0], description=line, completed=step)

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def pace(step_s: float) -> str:
    """How fast it goes: seconds a step, or of short steps how many a second.

    Args:
        step_s: Time of a step, above 0.

    >>> pace(0.61), pace(0.0192)
    ('0.61 s a step', '52 steps a second')
    """
    return f"{step_s:.2f} s a step" if step_s >= 0.1 else f"{1 / step_s:.0f} steps a second"


def _scores(trainer: pl.Trainer) -> dict[str, float]:
    """What validation found, by name."""
    metrics = trainer.callback_metrics.items()
    return {name: float(value) for name, value in metrics if name.startswith("val/")}


def _loss(outputs: object) -> float | None:
    loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
    return float(loss) if isinstance(loss, torch.Tensor) else None


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
