"""What a run says on its way: precision, data and network, and its last figures."""

import sys
from typing import Any, Protocol, runtime_checkable

import pytorch_lightning as pl

from callosal.pipelines.training.callbacks.run_checkpoint import ends_here
from callosal.pipelines.training.precision import RunTrainer


@runtime_checkable
class Noted(Protocol):
    """A data module that says what it read, or a callback that says what it brings."""

    def note(self) -> str:
        """One line for the start of the run."""


class RunNotes(pl.Callback):
    """Says precision, data, network and what callbacks bring; logs the figures of the last step."""

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Print each in one line."""
        if not trainer.is_global_zero:
            return
        if isinstance(trainer, RunTrainer):
            print(trainer.precision_reason, file=sys.stderr, flush=True)
        data = getattr(trainer, "datamodule", None)
        if isinstance(data, Noted):
            print(data.note(), file=sys.stderr, flush=True)
        print(_network(trainer, pl_module), file=sys.stderr, flush=True)
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            if isinstance(callback, Noted):
                print(callback.note(), file=sys.stderr, flush=True)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any
    ) -> None:
        """Log the last step, which seldom is one of those that are logged."""
        logged = trainer.global_step % trainer.log_every_n_steps == 0  # type: ignore[attr-defined]
        if ends_here(trainer) and not logged:
            figures = {
                name: float(value)
                for name, value in trainer.callback_metrics.items()
                if name.startswith("train/")
            }
            for logger in trainer.loggers if figures else []:
                logger.log_metrics(figures, step=trainer.global_step - 1)


def _network(trainer: pl.Trainer, module: pl.LightningModule) -> str:
    net = getattr(module, "net", module)
    count = sum(parameter.numel() for parameter in net.parameters())
    size = f"{count / 1e6:.1f} M" if count >= 100_000 else f"{count / 1e3:.1f} k"
    return (
        f"network {type(net).__name__}: {size} parameters, "
        f"on {module.device.type} in {trainer.precision}"
    )
