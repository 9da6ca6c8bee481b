"""Ctrl-C ends a training run after the step it is in, with a checkpoint to go on from."""

import signal
import sys
import threading
from types import FrameType
from typing import Any

import pytorch_lightning as pl


class Interruption(pl.Callback):
    """Ends a run after the running step at the first Ctrl-C; the second one ends it at once.

    Between two steps everything is whole, so that a run that goes on from there is the run it
    would have been.

    Attributes:
        happened: Whether the run was ended so.
    """

    def __init__(self) -> None:
        self.happened = False
        self._before: Any = None

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Listen for Ctrl-C."""
        # Only there may handlers be set, and only there do they run.
        if threading.current_thread() is not threading.main_thread():
            return

        def stop(number: int, frame: FrameType | None) -> None:
            self._restore()
            self.happened = True
            # Validation of the end would keep waiting whoever wants to stop.
            trainer.limit_val_batches = 0
            trainer.should_stop = True
            if trainer.is_global_zero:
                print("stopping after this step; again: at once", file=sys.stderr, flush=True)

        self._before = signal.signal(signal.SIGINT, stop)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Listen no more."""
        self._restore()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Listen no more."""
        self._restore()

    def _restore(self) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None
