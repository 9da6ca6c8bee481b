"""Averaged weights with a decay that warms up."""

from pytorch_lightning.callbacks import WeightAveraging
from torch import Tensor


class WarmUpAveraging(WeightAveraging):
    """Exponential average whose memory grows with the run.

    The decay is min(decay, 1 - (1 + step) ** -power). A constant decay of 0.9999 would keep 86 %
    of the untrained weights after 1,500 steps.

    Args:
        decay: Largest decay.
        power: Exponent of the warm-up; 3/4 suits short runs.
    """

    def __init__(self, decay: float = 0.9999, power: float = 0.75) -> None:
        super().__init__(avg_fn=self._average)
        self.decay = decay
        self.power = power

    def _average(self, averaged: Tensor, current: Tensor, count: Tensor | int) -> Tensor:
        """Move the average toward the current weights; equal weights stay as they are."""
        decay = min(self.decay, 1 - (1 + int(count)) ** -self.power)
        moved: Tensor = averaged + (current - averaged) * (1 - decay)
        return moved
