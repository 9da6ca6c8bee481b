"""Batches of a bank of pairs: in its order, or endless and resumable."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset

from callosal.pipelines.training.pair_bank import PairBank

Batch = dict[str, Tensor]


class SliceStream(IterableDataset[Batch]):
    """Endless batches of a bank; the n-th is a function of the seed and n alone.

    Args:
        bank: The slices.
        batch_size: Slices in a batch.
        seed: Seed of the order.
        first: Number of the first batch, above 0 in a resumed run.
        rank: Number of this process.
        ranks: Number of processes; each takes its own part of the order.
        labelled_share: Share of each batch that shows its mask, where not every slice does; as
            they come without it.
    """

    def __init__(
        self,
        bank: PairBank,
        batch_size: int,
        seed: int,
        first: int,
        rank: int,
        ranks: int,
        labelled_share: float | None = None,
    ) -> None:
        self.bank = bank
        self.batch_size = batch_size
        self.seed = seed
        self.first = first
        self.rank = rank
        self.ranks = ranks
        self.parts = [(np.arange(len(bank)), batch_size)]
        if labelled_share is not None and not bank.labelled.all():
            shown = max(1, round(labelled_share * batch_size))
            self.parts = [
                (np.flatnonzero(bank.labelled), shown),
                (np.flatnonzero(~bank.labelled), batch_size - shown),
            ]

    def __iter__(self) -> Iterator[Batch]:
        step = self.first
        while True:
            yield slices_of(self.bank, self._indices(step), step)
            step += 1

    def _indices(self, step: int) -> NDArray[np.int64]:
        """Slices of one batch: every slice of a part once before any of it comes again."""
        chosen = [
            rows[self._places(step, part, len(rows), share)]
            for part, (rows, share) in enumerate(self.parts)
        ]
        return np.concatenate(chosen)

    def _places(self, step: int, part: int, count: int, share: int) -> NDArray[np.int64]:
        """Places of a batch in a part of `count` slices that gives `share` of them."""
        first = (step * self.ranks + self.rank) * share
        rounds, places = np.divmod(np.arange(first, first + share), count)
        orders = {
            one: np.random.default_rng([self.seed, one, part]).permutation(count)
            for one in set(rounds.tolist())
        }
        pairs = zip(rounds.tolist(), places.tolist(), strict=True)
        return np.array([orders[one][place] for one, place in pairs], dtype=np.int64)


class PlainSlices(Dataset[Batch]):
    """Batches of a bank in its order."""

    def __init__(self, bank: PairBank, batch_size: int) -> None:
        self.bank = bank
        self.batch_size = batch_size

    def __len__(self) -> int:
        return -(-len(self.bank) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Batch:
        first = index * self.batch_size
        last = min(first + self.batch_size, len(self.bank))
        return slices_of(self.bank, np.arange(first, last), index)


def slices_of(bank: PairBank, indices: NDArray[np.int64], step: int) -> Batch:
    """Slices of a bank as one batch, with the number of the batch."""
    return {
        "image": torch.from_numpy(bank.images[indices]),
        "distance_mm": torch.from_numpy(bank.distances_mm[indices]),
        "center_mm": torch.from_numpy(bank.centers_mm[indices]),
        "labelled": torch.from_numpy(bank.labelled[indices]).float(),
        "step": torch.tensor([step]),
    }
