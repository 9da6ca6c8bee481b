"""The data of a generator's training run: windows on slices, in an order that can be resumed."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from callosal.models.generation.conditions import (
    correlate_conditions,
    measure_conditions,
    summarise_conditions,
)
from callosal.models.generation.pair_source import PairFacts
from callosal.pipelines.datasets.data_root import chosen_root, source_note
from callosal.pipelines.datasets.nifti_pairs import read_split
from callosal.pipelines.datasets.phantom_slices import phantom_split
from callosal.pipelines.datasets.slice_bank import evenly_spread
from callosal.pipelines.datasets.splits import check_pictures
from callosal.pipelines.training.pair_bank import PairBank, make_pair_bank
from callosal.pipelines.training.pair_batches import Batch, PlainSlices, SliceStream
from callosal.pipelines.training.pair_view import (
    Placement,
    WindowSettings,
    cut_windows,
    plain_placement,
    random_placement,
)

FIELD_MM = 256.0
"""Side of the square that is kept of each slice."""


class PairDataModule(pl.LightningDataModule):
    """Windows on midsagittal slices with a mask channel, split by site.

    Args:
        root: Folder of NIfTI pairs with participants.tsv. Without it, the folder named by the
            environment variable CALLOSAL_DATA is taken, else the procedural phantom.
        view: Window that is cut out of each slice.
        batch_size: Windows in a training batch.
        limit: At most so many training slices, evenly spread; all without it.
        labelled: At most so many of them show their mask, evenly spread; the others teach
            images alone. All show it without this.
        labelled_share: Share of each batch that shows its mask, where not all slices do; without
            it they come in their numbers, and ten of hundreds teach the mask hardly anything.
        phantoms: Number of training slices when the phantom is used.
        training_data: Name and terms of the data, for the model's description.
        seed: Seed of order and augmentation.
    """

    def __init__(
        self,
        root: Path | None = None,
        view: WindowSettings = WindowSettings(),  # noqa: B008 (frozen)
        batch_size: int = 16,
        limit: int | None = None,
        labelled: int | None = None,
        labelled_share: float | None = None,
        phantoms: int = 256,
        training_data: str | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}")
        if labelled_share is not None and not 0 < labelled_share < 1:
            raise ValueError(f"labelled_share must lie between 0 and 1, got {labelled_share}")
        self.root = chosen_root(root)
        self.view = view
        self.batch_size = batch_size
        self.limit = limit
        self.labelled = labelled
        self.labelled_share = labelled_share
        self.phantoms = phantoms
        self.training_data = training_data
        self.seed = seed
        self._banks: dict[str, PairBank] = {}
        self._facts: PairFacts | None = None

    def setup(self, stage: str) -> None:
        """Read the splits that a stage needs; the conditions are always those of training."""
        for split in {"fit": ("train", "val"), "validate": ("train", "val")}.get(
            stage, ("train", "test")
        ):
            if split not in self._banks:
                self._banks[split] = self._read(split)
        check_pictures(
            {
                split: ([f"slice {number}" for number in range(len(bank))], bank.images)
                for split, bank in self._banks.items()
            }
        )
        if self._facts is None:
            self._facts = self._measure()

    def _read(self, split: str) -> PairBank:
        spacing_mm = self.view.bank_spacing_mm
        size = round(FIELD_MM / spacing_mm)
        if self.root is None:
            slices = list(phantom_split(split, self.phantoms, spacing_mm, size))
        else:
            slices = list(read_split(self.root, split))
        if split != "train":
            return make_pair_bank(slices, None, spacing_mm, size)
        return make_pair_bank(evenly_spread(slices, self.limit), self.labelled, spacing_mm, size)

    def _measure(self) -> PairFacts:
        bank = self._banks["train"]
        generator = torch.Generator().manual_seed(self.seed)
        measured = []
        for batch in PlainSlices(bank, 64):
            kept = batch["labelled"] > 0
            placement = random_placement(batch["center_mm"], self.view, generator)
            pair = self._cut(batch, placement)[kept]
            if len(pair):
                measured.append(self._conditions(pair))
        values = np.concatenate(measured)
        source = self.root.name if self.root else "procedural phantom"
        name = self.training_data or source
        count = int(bank.labelled.sum())
        words = f"{name}: {len(bank)} training slices, {count} of them with their mask"
        return PairFacts(
            self.view.spacing_mm,
            self.view.shape,
            self.view.sdf_scale_mm,
            summarise_conditions(values),
            correlate_conditions(values),
            words,
        )

    def note(self) -> str:
        """One line that says what the run trains on; `setup` must have run."""
        train, val = self._banks["train"], self._banks["val"]
        roots = [] if self.root is None else [self.root]
        masks = int(train.labelled.sum())
        return (
            f"{source_note(roots, len(train), len(val), 0)}; {masks} train slices show their mask"
        )

    def facts(self) -> PairFacts:
        """Facts of the pairs; `setup` must have run."""
        if self._facts is None:
            raise RuntimeError("setup has not run")
        return self._facts

    def plain_pairs(self) -> Iterator[tuple[Tensor, Tensor]]:
        """All training slices once, unturned: pairs (B, 2, H, W) and labelled (B,)."""
        for batch in PlainSlices(self._banks["train"], 8):
            placement = plain_placement(batch["center_mm"], self.view)
            yield self._cut(batch, placement), batch["labelled"]

    def train_dataloader(self) -> DataLoader[Batch]:
        """Endless batches that go on where a resumed run had stopped."""
        trainer = self.trainer
        first, rank, ranks = 0, 0, 1
        if trainer is not None:
            first = trainer.global_step * trainer.accumulate_grad_batches
            rank, ranks = trainer.global_rank, trainer.world_size
        bank, share = self._banks["train"], self.labelled_share
        stream = SliceStream(bank, self.batch_size, self.seed, first, rank, ranks, share)
        return DataLoader(stream, batch_size=None)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Unturned windows of the validation sites."""
        return DataLoader(PlainSlices(self._banks["val"], 8), batch_size=None)

    def test_dataloader(self) -> DataLoader[Batch]:
        """Unturned windows of the test sites."""
        return DataLoader(PlainSlices(self._banks["test"], 8), batch_size=None)

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Cut the windows on the device the batch lives on."""
        if self.trainer is not None and self.trainer.training:
            rank_seed = (self.seed * 1_000_003 + int(batch["step"])) * 1_009
            rank_seed += self.trainer.global_rank
            generator = torch.Generator(device=batch["image"].device).manual_seed(rank_seed)
            placement = random_placement(batch["center_mm"], self.view, generator)
        else:
            placement = plain_placement(batch["center_mm"], self.view)
        pair = self._cut(batch, placement)
        return {
            "pair": pair,
            "condition": self._normalised_conditions(pair, batch["labelled"]),
            "labelled": batch["labelled"],
            "step": batch["step"],
        }

    def _cut(self, batch: Batch, placement: Placement) -> Tensor:
        return cut_windows(
            batch["image"].float(), batch["distance_mm"].float(), placement, self.view
        )

    def _conditions(self, pair: Tensor) -> NDArray[np.float32]:
        image, mask = pair.cpu().numpy().transpose(1, 0, 2, 3)
        return measure_conditions(image, mask, self.view.spacing_mm, self.view.sdf_scale_mm)

    def _normalised_conditions(self, pair: Tensor, labelled: Tensor) -> Tensor:
        """Conditions (B, 4), 0 where unlabelled."""
        known = self.facts().conditions
        mean = np.array([one.mean for one in known], dtype=np.float32)
        std = np.array([one.std for one in known], dtype=np.float32)
        values = np.zeros((len(pair), len(known)), dtype=np.float32)
        rows = labelled.cpu().numpy() > 0
        if rows.any():
            values[rows] = (self._conditions(pair[torch.from_numpy(rows)]) - mean) / std
        return torch.from_numpy(values).to(pair.device)
