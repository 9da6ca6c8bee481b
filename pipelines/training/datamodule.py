"""The data of a training run: slices by split, batched and augmented."""

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from callosal.models.errors import DataError
from callosal.pipelines.datasets.data_root import chosen_root, source_note
from callosal.pipelines.datasets.nifti_pairs import (
    read_slices,
    read_split,
)
from callosal.pipelines.datasets.participants import Participant, read_participants
from callosal.pipelines.datasets.phantom_slices import phantom_split
from callosal.pipelines.datasets.slice_bank import (
    LabelledSlice,
    SliceBank,
    evenly_spread,
    join_banks,
    make_bank,
)
from callosal.pipelines.datasets.splits import check_pictures, fold_by_site, with_split_file
from callosal.pipelines.training.augment import Augmentation, augment
from callosal.pipelines.training.draws import Draws, batch_seeds
from callosal.pipelines.training.slice_order import SliceOrder

Sample = dict[str, Tensor]

MIN_SIDE_MM: Final = 64
"""Smallest side of a whole slice."""


class BankDataset(Dataset[Sample]):
    """Whole slices of a bank as tensors (1, S, S), or a batch of them at once, (B, 1, S, S)."""

    def __init__(self, bank: SliceBank) -> None:
        self.bank = bank

    def __len__(self) -> int:
        return len(self.bank)

    def __getitem__(self, index: int) -> Sample:
        return {key: value[0] for key, value in self.__getitems__([index]).items()}

    def __getitems__(self, indices: list[int]) -> Sample:
        image = torch.from_numpy(self.bank.images[indices]).float()
        mask = torch.from_numpy(self.bank.masks[indices]).float()
        return {"image": image[:, None], "mask": mask[:, None]}


class SliceDataModule(pl.LightningDataModule):
    """Midsagittal slices with callosum masks, split by site.

    Args:
        root: Folder of NIfTI pairs with participants.tsv. Without it, the folder named by the
            environment variable CALLOSAL_DATA is taken, else the procedural phantom.
        also: More folders of such pairs, as `callosal generate` writes them, whose training slices
            are learned from too; validation stays with `root`.
        also_share: Share of what is seen that comes from each folder of `also`, however many
            slices it holds; without it `root` and each of them have equal shares.
        batch_size: Slices in a training batch.
        spacing_mm: Pixel size the network sees, in mm; the command line takes it from the model.
        size: Rows and columns of a whole slice.
        augmentation: Ranges of the random poses and scanners.
        split_file: Table with the columns participant_id and split that overrides
            participants.tsv; who is not in it is left out.
        folds: Divide the sites of train and val again, into this many folds.
        fold: The fold to validate on, from 0.
        limit: At most so many training slices, evenly spread; all without it.
        phantoms: Number of training slices when the phantom is used.
        seed: Seed of order and augmentation.
    """

    def __init__(
        self,
        root: Path | None = None,
        also: list[Path] | None = None,
        also_share: float | None = None,
        batch_size: int = 8,
        spacing_mm: float = 0.5,
        size: int = 512,
        augmentation: Augmentation = Augmentation(),  # noqa: B008 (frozen)
        split_file: Path | None = None,
        folds: int | None = None,
        fold: int = 0,
        limit: int | None = None,
        phantoms: int = 256,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}")
        if size * spacing_mm < MIN_SIDE_MM:
            raise ValueError(
                f"size: {size} pixels of {spacing_mm:g} mm are {size * spacing_mm:g} mm, too few "
                f"for a callosum; whole slices need {MIN_SIDE_MM} mm and more"
            )
        self.root = chosen_root(root)
        self.also = tuple(also or ())
        for folder in self.also:
            if not folder.is_dir():
                raise DataError(
                    f"data.also: the folder {folder} does not exist; name folders that "
                    "`callosal generate` wrote",
                    code="no_such_folder",
                )
        if also_share is not None and not 0 < also_share * len(self.also) < 1:
            raise ValueError(
                f"also_share: {also_share:g} for each of {len(self.also)} folders of data.also "
                "must leave a part for data.root; use less, or name folders"
            )
        self.also_share = also_share
        self.batch_size = batch_size
        self.spacing_mm = spacing_mm
        self.size = size
        self.augmentation = augmentation
        self.split_file = split_file
        self.folds = folds
        self.fold = fold
        self.limit = limit
        self.phantoms = phantoms
        self.seed = seed
        self._banks: dict[str, SliceBank] = {}
        self._own_sites: tuple[str, ...] = ()
        self._also_counts: dict[Path, int] = {}

    def setup(self, stage: str) -> None:
        """Read the splits that a stage needs: fit, validate or test."""
        for split in {"fit": ("train", "val"), "validate": ("val",)}.get(stage, ("test",)):
            if split not in self._banks:
                self._banks[split] = self._bank(split)
        check_pictures({split: (bank.names, bank.images) for split, bank in self._banks.items()})

    def note(self) -> str:
        """One line that says what the run trains on; `setup` must have run."""
        roots = [] if self.root is None else [self.root]
        val = self._banks["val"]
        sites = {*self._own_sites, *val.sites}
        words = source_note(roots, len(self._own_sites), len(val), len(sites))
        also = [f"{folder.name}: {count}" for folder, count in self._also_counts.items()]
        return "; also ".join([words, *also])

    def _bank(self, split: str) -> SliceBank:
        own = make_bank(self._slices(split), self.spacing_mm, self.size)
        if split != "train":
            return own
        self._own_sites = own.sites
        others = [
            make_bank(read_split(folder, split), self.spacing_mm, self.size) for folder in self.also
        ]
        self._also_counts = {
            folder: len(one) for folder, one in zip(self.also, others, strict=True)
        }
        if not others:
            return own
        share = self.also_share or 1 / (1 + len(others))
        return join_banks([own, *others], [1 - share * len(others), *[share] * len(others)])

    def _slices(self, split: str) -> Iterable[LabelledSlice]:
        if self.root is None:
            return phantom_split(split, self.phantoms, self.spacing_mm, self.size)
        slices = list(read_slices(self.root, self._participants(self.root), split))
        return evenly_spread(slices, self.limit if split == "train" else None)

    def _participants(self, root: Path) -> list[Participant]:
        participants = read_participants(root)
        if self.split_file is not None:
            participants = with_split_file(participants, self.split_file)
        if self.folds is not None:
            participants = fold_by_site(participants, self.folds, self.fold)
        return participants

    def train_dataloader(self) -> DataLoader[Sample]:
        """Whole slices in an order fixed by the seed; crops are drawn on the device."""
        return ordered_loader(self._banks["train"], self.batch_size, self.seed, self.trainer)

    def first_crops(self, batches: int) -> Iterator[Tensor]:
        """Crops (B, 1, C, C) of the first batches of training, or fewer where it is short."""
        for step, batch in enumerate(itertools.islice(self.train_dataloader(), batches)):
            draws = Draws(batch_seeds(self.seed, step, len(batch["image"])))
            image, mask = batch["image"], batch["mask"]
            yield augment(image, mask, self.spacing_mm, self.augmentation, draws)[0]

    def val_dataloader(self) -> DataLoader[Sample]:
        """Whole slices of the validation sites."""
        return bank_loader(self._banks["val"], batch_size=4)

    def test_dataloader(self) -> DataLoader[Sample]:
        """Whole slices of the test sites."""
        return bank_loader(self._banks["test"], batch_size=4)

    def on_after_batch_transfer(self, batch: Sample, dataloader_idx: int) -> Sample:
        """Augment training batches on the device they live on."""
        if self.trainer is None or not self.trainer.training:
            return batch
        return augmented(batch, self.spacing_mm, self.augmentation, self.seed, self.trainer)


def ordered_loader(
    bank: SliceBank, batch_size: int, seed: int, trainer: pl.Trainer | None
) -> DataLoader[Sample]:
    """Batches of a bank for one process; a run resumed within an epoch goes on where it was."""
    ranks = 1 if trainer is None else trainer.world_size
    rank = 0 if trainer is None else trainer.global_rank
    done = 0 if trainer is None else trainer.fit_loop.epoch_loop.batch_progress.current.ready
    size = min(batch_size, len(bank) // ranks)
    batches = len(bank) // ranks // size
    order = SliceOrder(len(bank), seed, rank, ranks, seen=done % batches * size)
    return bank_loader(bank, size, order)


def bank_loader(
    bank: SliceBank, batch_size: int, order: SliceOrder | None = None
) -> DataLoader[Sample]:
    """Batches of a bank, whole ones in an order where one is given, else all in their own."""
    return DataLoader(
        BankDataset(bank),
        batch_size,
        sampler=order,
        drop_last=order is not None,
        collate_fn=_already_batched,
    )


def _already_batched(batch: Any) -> Any:  # torch types what is collated as a list
    return batch


def augmented(
    batch: Sample, spacing_mm: float, settings: Augmentation, seed: int, trainer: pl.Trainer
) -> Sample:
    """Random crops of a batch, the same in a resumed run and for any number of processes."""
    image, mask = batch["image"], batch["mask"]
    seen = trainer.fit_loop.epoch_loop.batch_progress.total.ready
    seeds = batch_seeds(seed, seen, len(image), trainer.global_rank, trainer.world_size)
    image, mask = augment(image, mask, spacing_mm, settings, Draws(seeds, image.device))
    return {"image": image, "mask": mask}
