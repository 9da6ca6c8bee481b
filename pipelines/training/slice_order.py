"""The order in which a run sees its slices: fixed by the seed, for any number of processes."""

from collections.abc import Iterator

from torch.utils.data import Dataset, DistributedSampler


class _Indices(Dataset[int]):
    """A dataset that is nothing but its length."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count


class SliceOrder(DistributedSampler[int]):
    """A shuffled order for each epoch that can be taken up in the middle.

    Process r of R takes every R-th slice, so that R small batches make up the one large batch
    of a single process. It is a `DistributedSampler` so that Lightning leaves it as it is.

    Args:
        count: Slices in the bank.
        seed: Seed of the run.
        rank: Which process.
        ranks: Processes in all.
        seen: Slices that this process has already seen in its first epoch.
    """

    def __init__(self, count: int, seed: int, rank: int = 0, ranks: int = 1, seen: int = 0) -> None:
        super().__init__(_Indices(count), ranks, rank, shuffle=True, seed=seed, drop_last=True)
        self._seen = seen

    def __iter__(self) -> Iterator[int]:
        """Indices of an epoch; the first time without those already seen."""
        order = list(super().__iter__())
        seen, self._seen = self._seen, 0
        return iter(order[seen:])
