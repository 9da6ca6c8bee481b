"""Averaged weights with a decay that warms up."""

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import WeightAveraging
from torch import Tensor


class WarmUpAveraging(WeightAveraging):
    """Exponential average whose memory grows with the run.

    The decay is min(decay, 1 - (1 + step) ** -power). A constant decay of 0.9999 would keep 86 %
    of the untrained weights after 1,500 steps, and one of 0.998 as much after 75.

    Args:
        decay: Largest decay.
        power: Exponent of the warm-up; 3/4 suits short runs.
    """

    def __init__(self, decay: float = 0.9999, power: float = 0.75) -> None:
        super().__init__(multi_avg_fn=self._average)
        self.decay = decay
        self.power = power

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Leave the current weights: the last checkpoint is written after this hook.

        It would hold the average in place of them, and a run that goes on from there would be
        another one.
        """

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Give the module the averaged weights, now that nothing is saved any more."""
        super().on_train_end(trainer, pl_module)

    @torch.no_grad()
    def _average(self, averaged: list[Tensor], current: list[Tensor], count: Tensor | int) -> None:
        """Move the average toward the current weights; equal weights stay as they are."""
        share = (1 + int(count)) ** -self.power
        if averaged[0].is_floating_point():
            torch._foreach_lerp_(averaged, current, max(1 - self.decay, share))
        else:
            # Counters, as that of a batch normalisation, have no mean.
            torch._foreach_copy_(averaged, current)
