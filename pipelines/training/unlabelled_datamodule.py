"""The data of a pretraining run: slices without masks, batched and augmented."""

from collections.abc import Iterable
from pathlib import Path

import pytorch_lightning as pl
from torch.utils.data import DataLoader

from callosal.models.errors import DataError
from callosal.pipelines.datasets.data_root import source_note, usual_root
from callosal.pipelines.datasets.phantom_slices import phantom_split
from callosal.pipelines.datasets.slice_bank import LabelledSlice, SliceBank, make_bank
from callosal.pipelines.datasets.unlabelled import unlabelled_slices
from callosal.pipelines.training.augment import Augmentation
from callosal.pipelines.training.datamodule import (
    Sample,
    augmented,
    bank_loader,
    ordered_loader,
)


class UnlabelledDataModule(pl.LightningDataModule):
    """Midsagittal slices for pretraining, without masks.

    Args:
        roots: Folders of NIfTI pairs with participants.tsv, or of anything that `infer` takes.
            Without any, the folder that `fit` trains segmenters on, or the phantom.
        batch_size: Slices in a training batch.
        spacing_mm: Pixel size in mm; the command line takes it from the model.
        size: Rows and columns of a whole slice.
        augmentation: Ranges of the random poses and scanners.
        phantoms: Number of training slices when the phantom is used.
        seed: Seed of order and augmentation.
    """

    def __init__(
        self,
        roots: list[Path] | None = None,
        batch_size: int = 8,
        spacing_mm: float = 0.5,
        size: int = 512,
        augmentation: Augmentation = Augmentation(),  # noqa: B008 (frozen)
        phantoms: int = 256,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}")
        for root in roots or []:
            if not root.exists():
                raise DataError(f"data.roots: {root} does not exist", code="no_such_folder")
        usual = usual_root()
        self.roots = roots or ([] if usual is None else [usual])
        self.batch_size = batch_size
        self.spacing_mm = spacing_mm
        self.size = size
        self.augmentation = augmentation
        self.phantoms = phantoms
        self.seed = seed
        self._banks: dict[str, SliceBank] = {}

    def setup(self, stage: str) -> None:
        """Read the slices to train on and those to watch the loss on."""
        for split in ("train", "val") if stage == "fit" else ("val",):
            if split not in self._banks:
                self._banks[split] = make_bank(self._slices(split), self.spacing_mm, self.size)

    def note(self) -> str:
        """One line that says what the run trains on; `setup` must have run."""
        train, val = self._banks["train"], self._banks["val"]
        return source_note(self.roots, len(train), len(val), len({*train.sites, *val.sites}))

    def _slices(self, split: str) -> Iterable[LabelledSlice]:
        if self.roots:
            return unlabelled_slices(self.roots, split)
        return phantom_split(split, self.phantoms, self.spacing_mm, self.size)

    def train_dataloader(self) -> DataLoader[Sample]:
        """Whole slices in an order fixed by the seed; crops are drawn on the device."""
        return ordered_loader(self._banks["train"], self.batch_size, self.seed, self.trainer)

    def val_dataloader(self) -> DataLoader[Sample]:
        """Whole slices that are not trained on."""
        return bank_loader(self._banks["val"], batch_size=4)

    def on_after_batch_transfer(self, batch: Sample, dataloader_idx: int) -> Sample:
        """Augment training batches on the device they live on."""
        if self.trainer is None or not self.trainer.training:
            return batch
        return augmented(batch, self.spacing_mm, self.augmentation, self.seed, self.trainer)
