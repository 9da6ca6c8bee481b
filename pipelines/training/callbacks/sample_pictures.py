"""Pictures of what the network sees and answers, drawn while it trains."""

from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Tensor

from callosal.models.errors import InputError
from callosal.models.segmentation_module import Batch, SegmentationModule

TRUTH = (0, 158, 115)
ANSWER = (230, 159, 0)


class SamplePictures(pl.Callback):
    """Writes `samples/step-<n>.png` after each validation.

    The upper row shows augmented training crops, the lower one validation slices; the mask of
    the data is outlined in green, the network's answer in orange.

    Args:
        count: Slices in each row.
        tile: Side of each tile in pixels.
    """

    def __init__(self, count: int = 6, tile: int = 224) -> None:
        self.count = count
        self.tile = tile
        self._rows: dict[str, Batch] = {}

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Refuse what has no mask to outline.

        Raises:
            InputError: `wrong_usage`.
        """
        if not isinstance(pl_module, SegmentationModule):
            raise InputError(
                "SamplePictures: shows what segmenters answer; of a generator take "
                "GeneratedPictures",
                code="wrong_usage",
            )

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: object,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Remember the newest augmented batch."""
        self._rows["train"] = batch

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: object,
        batch: Batch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Remember the first validation batch and draw after the last."""
        if batch_idx == 0:
            self._rows["val"] = batch
        if batch_idx + 1 == trainer.num_val_batches[0] and "train" in self._rows:
            self._write(trainer, pl_module)

    @torch.no_grad()
    def _write(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        if not trainer.is_global_zero or trainer.log_dir is None:
            return
        assert isinstance(module, SegmentationModule)
        rows = [self._row(module, self._rows[name]) for name in ("train", "val")]
        width = max(row.width for row in rows)
        sheet = Image.new("RGB", (width, sum(row.height for row in rows)))
        for index, row in enumerate(rows):
            sheet.paste(row, (0, index * self.tile))
        sheet.save(samples_file(trainer))

    def _row(self, module: SegmentationModule, batch: Batch) -> Image.Image:
        images, masks = batch["image"][: self.count], batch["mask"][: self.count]
        answers = module(images) > 0
        row = Image.new("RGB", (len(images) * self.tile, self.tile))
        for index, (image, mask, answer) in enumerate(zip(images, masks, answers, strict=True)):
            tile = _tile(image[0], mask[0] > 0.5, answer[0])
            row.paste(tile.resize((self.tile, self.tile)), (index * self.tile, 0))
        ImageDraw.Draw(row).text((4, 4), "green: data, orange: network", fill=(255, 255, 255))
        return row


def samples_file(trainer: pl.Trainer) -> Path:
    """Where the picture of a step goes; the run must have a folder."""
    assert trainer.log_dir is not None
    folder = Path(trainer.log_dir) / "samples"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"step-{trainer.global_step:06d}.png"


def _tile(image: Tensor, truth: Tensor, answer: Tensor) -> Image.Image:
    """One slice (H, W) with both outlines."""
    values = image.float().cpu().numpy()
    top = float(np.percentile(values, 99.5)) or 1.0
    grey = np.clip(values / top, 0, 1) * 255
    colour = np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)
    colour[outline(truth)] = TRUTH
    colour[outline(answer)] = ANSWER
    return Image.fromarray(colour)


def outline(mask: Tensor) -> NDArray[np.bool_]:
    """Inner border pixels of a mask (H, W)."""
    inside: NDArray[np.bool_] = mask.cpu().numpy().astype(bool)
    padded = np.pad(inside, 1)
    eroded = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return inside & ~eroded
