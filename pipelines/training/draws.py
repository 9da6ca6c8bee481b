"""Random numbers of a batch that do not depend on how the batch is divided.

Every slice of the global batch has a generator of its own, seeded by the run, the step and its
place in the batch: one process or eight, and a run that was killed and resumed, draw the same.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


class Draws:
    """Source of random numbers for a batch, one stream a slice.

    Args:
        seeds: One seed for each slice of the batch.
        device: Where the numbers are drawn.

    Example:
        >>> both = Draws([1, 2]).uniform(0, 1, (3,))
        >>> torch.equal(both[1:], Draws([2]).uniform(0, 1, (3,)))
        True
    """

    def __init__(self, seeds: Sequence[int], device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self._generators = [torch.Generator(self.device).manual_seed(seed) for seed in seeds]

    def __len__(self) -> int:
        return len(self._generators)

    def uniform(self, low: float, high: float, shape: tuple[int, ...] = ()) -> Tensor:
        """Even between two values, shape (B, *shape)."""
        drawn = [torch.rand(shape, generator=g, device=self.device) for g in self._generators]
        return low + (high - low) * torch.stack(drawn)

    def normal(self, shape: tuple[int, ...]) -> Tensor:
        """Standard normal, shape (B, *shape)."""
        drawn = [torch.randn(shape, generator=g, device=self.device) for g in self._generators]
        return torch.stack(drawn)

    def chosen(self, share: float) -> Tensor:
        """About a share of the batch, bool of shape (B, 1, 1, 1)."""
        return self.uniform(0, 1, (1, 1, 1)) < share


def batch_seeds(seed: int, step: int, count: int, rank: int = 0, ranks: int = 1) -> list[int]:
    """Seeds of the slices of one process: every `ranks`-th place of the global batch.

    Args:
        seed: Seed of the run.
        step: Batches seen before, from 0.
        count: Slices in this process' batch.
        rank: Which process.
        ranks: Processes in all.

    Example:
        >>> batch_seeds(1, 5, 2, rank=1, ranks=2) == batch_seeds(1, 5, 4)[1::2]
        True
    """
    places = range(rank, count * ranks, ranks)
    return [int(np.random.SeedSequence([seed, step, i]).generate_state(1)[0]) for i in places]
