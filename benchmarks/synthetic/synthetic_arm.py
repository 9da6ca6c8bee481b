"""One arm of the experiment: a small segmenter trained on given slices, scored on others."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from callosal.models.attention_unet import AttentionUNet
from callosal.models.segmentation_module import SegmentationModule
from callosal.pipelines.datasets.slice_bank import LabelledSlice, SliceBank, make_bank
from callosal.pipelines.training.augment import Augmentation, augment
from callosal.pipelines.training.draws import Draws, batch_seeds
from callosal.pipelines.training.precision import RunTrainer


@dataclass(frozen=True)
class View:
    """What every arm of a table sees, and for how long.

    Attributes:
        spacing_mm: Pixel size of the segmenter.
        size: Rows and columns of the window that is kept of a slice.
        around: Centre of the window; pictures no larger than the window keep their own.
        steps: Training steps.
        batch: Windows in a step; with two sources each gives half.
        widths: Channels of the attention U-Net.
        lr: Peak learning rate.
        augmentation: Random poses and contrasts, the same for every source.
    """

    spacing_mm: float
    size: int
    around: Literal["callosum", "slice"]
    steps: int
    batch: int
    widths: tuple[int, ...]
    lr: float = 2e-3
    augmentation: Augmentation = field(default_factory=Augmentation)


def window_bank(slices: Sequence[LabelledSlice], view: View) -> SliceBank:
    """The windows of slices on the grid of a view."""
    centred = slices if view.around == "slice" else [_about_callosum(s, view) for s in slices]
    return make_bank(centred, view.spacing_mm, view.size)


def train_segmenter(banks: Sequence[SliceBank], view: View, seed: int) -> SegmentationModule:
    """Train on one or more banks that share every batch evenly.

    Args:
        banks: Real slices, synthetic ones, or both.
        view: Network and budget.
        seed: Seed of weights, order and augmentation.
    """
    pl.seed_everything(seed, verbose=False)
    module = SegmentationModule(AttentionUNet(view.widths), view.spacing_mm, lr=view.lr)
    trainer = quiet_trainer(view.steps)
    trainer.fit(module, DataLoader(AugmentedStream(banks, view, seed), batch_size=None))
    return module.eval()


def quiet_trainer(steps: int) -> pl.Trainer:
    """A trainer of so many steps that writes and prints nothing."""
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    torch.set_flush_denormal(True)
    return RunTrainer(
        accelerator="auto",
        devices=1,
        max_steps=steps,
        gradient_clip_val=1.0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


@torch.no_grad()
def dice_by_name(module: SegmentationModule, bank: SliceBank) -> dict[str, float]:
    """Dice coefficient of every slice of a bank, by subject."""
    scores = {}
    for name, image, mask in zip(bank.names, bank.images, bank.masks, strict=True):
        pixels = torch.from_numpy(image.astype(np.float32))[None, None].to(module.device)
        answer = module(pixels)[0, 0].cpu().numpy() > 0
        truth = mask > 0
        overlap = 2 * (answer & truth).sum() / (answer.sum() + truth.sum())
        scores[name] = round(float(overlap), 5)
    return scores


class AugmentedStream(IterableDataset[dict[str, Tensor]]):
    """Endless augmented batches; each bank gives the same share of every one."""

    def __init__(self, banks: Sequence[SliceBank], view: View, seed: int) -> None:
        self.banks = banks
        self.view = view
        self.seed = seed

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        order = np.random.default_rng(self.seed)
        each = self.view.batch // len(self.banks)
        streams = [_in_turn(len(bank), each, order) for bank in self.banks]
        for step, chosen in enumerate(zip(*streams, strict=True)):
            pairs = list(zip(self.banks, chosen, strict=True))
            images = np.concatenate([bank.images[index] for bank, index in pairs])
            masks = np.concatenate([bank.masks[index] for bank, index in pairs])
            image, mask = augment(
                torch.from_numpy(images).float()[:, None],
                torch.from_numpy(masks).float()[:, None],
                self.view.spacing_mm,
                self.view.augmentation,
                Draws(batch_seeds(self.seed, step, len(images))),
            )
            yield {"image": image, "mask": mask}


def _in_turn(count: int, batch: int, order: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Batches of indices: every slice once before any comes again."""
    waiting = np.empty(0, dtype=np.int64)
    while True:
        while len(waiting) < batch:
            waiting = np.concatenate([waiting, order.permutation(count)])
        yield waiting[:batch]
        waiting = waiting[batch:]


def _about_callosum(labelled: LabelledSlice, view: View) -> LabelledSlice:
    """The slice shifted so that its callosum lies at its centre."""
    extent = np.array(labelled.image.shape) * labelled.spacing_mm
    if (extent <= view.size * view.spacing_mm + 1e-3).all():
        return labelled
    center = np.array(ndimage.center_of_mass(labelled.mask))
    shift = np.rint((np.array(labelled.image.shape) - 1) / 2 - center).astype(int)
    moved = [
        ndimage.shift(pixels, shift, order=0, mode="nearest")
        for pixels in (labelled.image, labelled.mask)
    ]
    return LabelledSlice(labelled.name, labelled.site, moved[0], moved[1], labelled.spacing_mm)
