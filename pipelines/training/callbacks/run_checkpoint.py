"""The checkpoint of a run, from which it goes on and which is exported."""

from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Checkpoint
from pytorch_lightning.trainer.states import TrainerFn
from pytorch_lightning.utilities.exceptions import SIGTERMException

FILE_NAME = "last.ckpt"


class RunCheckpoint(Checkpoint):
    """Keeps `checkpoints/last.ckpt`: every so many steps, after each validation and at the end.

    The end is also that of a run that is stopped by Ctrl-C or by the system (SIGTERM).

    Lightning's ModelCheckpoint with a `monitor` waits for the next validation wherever a step to
    save at is the last one of an epoch: with few slices that is every such step, and a run that
    is killed before its first validation leaves nothing.

    Args:
        every_n_train_steps: Steps from one checkpoint to the next.
    """

    def __init__(self, every_n_train_steps: int = 500) -> None:
        if every_n_train_steps < 1:
            raise ValueError(f"every_n_train_steps must be at least 1, got {every_n_train_steps}")
        self.every_n_train_steps = every_n_train_steps
        self.path: Path | None = None
        self._saved_step = 0

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Find the folder of the run, the same for all processes."""
        folder = trainer.log_dir
        if stage == "fit" and folder is not None:
            self.path = Path(folder) / "checkpoints" / FILE_NAME

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any
    ) -> None:
        """Save where the step is due, and at the last one."""
        due = trainer.global_step % self.every_n_train_steps == 0
        # With accumulated gradients several batches share a step.
        if (due or ends_here(trainer)) and trainer.global_step != self._saved_step:
            self._save(trainer)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save what validation found beside the weights."""
        if trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking:
            self._save(trainer)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save a run that ended in any other way."""
        if trainer.global_step != self._saved_step:
            self._save(trainer)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Save where the system asks the run to end, which Lightning raises between two steps."""
        alone = trainer.world_size == 1
        if isinstance(exception, SIGTERMException) and alone and trainer.global_step > 0:
            self._save(trainer)

    def _save(self, trainer: pl.Trainer) -> None:
        if self.path is not None and not trainer.fast_dev_run:  # type: ignore[attr-defined]
            trainer.save_checkpoint(self.path, weights_only=False)
            self._saved_step = trainer.global_step


def ends_here(trainer: pl.Trainer) -> bool:
    """Whether this is the last batch: after it the loops stand elsewhere than in a longer run."""
    last_epoch = trainer.current_epoch + 1 == trainer.max_epochs
    return (
        trainer.global_step == trainer.max_steps
        or trainer.should_stop
        or (last_epoch and trainer.is_last_batch)
    )
