"""The Lightning module that trains any of the segmenters."""

from typing import Any, Protocol, runtime_checkable

import pytorch_lightning as pl
import torch
from monai.losses import DiceLoss
from monai.metrics import compute_dice
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.nn import functional as F

from callosal.models.network_record import record_network, warn_without_record
from callosal.models.normalisation import ForegroundNormalisation
from callosal.models.optimisation import warmed_up_adamw

Batch = dict[str, Tensor]

AUXILIARY_WEIGHT = 0.2
"""Weight of each auxiliary head's loss beside the main one."""


@runtime_checkable
class DeeplySupervised(Protocol):
    """A network with auxiliary heads for training."""

    def with_auxiliary(self, image: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Logits and auxiliary logits, each (B, 1, H, W), of images (B, 1, H, W)."""


class SegmentationModule(pl.LightningModule):
    """Trains a segmenter on soft masks with Dice and cross-entropy.

    Args:
        net: Network from normalised images (B, 1, H, W) to logits (B, 1, H, W).
        spacing_mm: Pixel size of the slices in mm; the export writes it into the model file.
        lr: Peak learning rate of AdamW.
        weight_decay: Decoupled weight decay of AdamW.
        warmup_fraction: Share of all steps in which the learning rate rises; then it falls by a
            cosine to zero.

    Attributes:
        started_from: Model that the weights were taken from and the terms of its data; empty for
            random weights.
    """

    def __init__(
        self,
        net: nn.Module,
        spacing_mm: float = 0.5,
        lr: float = 2e-3,
        weight_decay: float = 1e-2,
        warmup_fraction: float = 0.05,
    ) -> None:
        super().__init__()
        if not 0.1 <= spacing_mm <= 5:
            raise ValueError(f"spacing_mm must lie between 0.1 and 5, got {spacing_mm}")
        if not 0 < lr < 1:
            raise ValueError(f"lr must lie between 0 and 1, got {lr}")
        if not 0 <= warmup_fraction < 1:
            raise ValueError(f"warmup_fraction must lie in [0, 1), got {warmup_fraction}")
        self.save_hyperparameters()
        self.spacing_mm = spacing_mm
        self.lr = lr
        self.weight_decay = weight_decay
        self.warmup_fraction = warmup_fraction
        self.started_from = ""
        self.normalise = ForegroundNormalisation()
        # oneDNN and cuDNN both run convolutions faster on channels-last memory.
        self.net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.dice_loss = DiceLoss(sigmoid=True, soft_label=True, batch=True)

    def on_fit_start(self) -> None:
        """Warn early where the network could not be built again from a checkpoint."""
        if isinstance(self.hparams.get("net"), nn.Module):
            warn_without_record(self.net)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the network as a record, and what its weights started from with its terms."""
        record_network(checkpoint)
        checkpoint["started_from"] = self.started_from

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take over what the weights started from."""
        self.started_from = checkpoint.get("started_from", "")

    def forward(self, image: Tensor) -> Tensor:
        """Map raw intensities (B, 1, H, W) to logits (B, 1, H, W)."""
        logits: Tensor = self.net(self._normalised(image))
        return logits

    def _normalised(self, image: Tensor) -> Tensor:
        normalised: Tensor = self.normalise(image)
        return normalised.contiguous(memory_format=torch.channels_last)

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """Loss of one augmented batch of "image" and soft "mask", both (B, 1, H, W)."""
        mask = batch["mask"]
        if isinstance(self.net, DeeplySupervised):
            logits, auxiliary = self.net.with_auxiliary(self._normalised(batch["image"]))
            loss = self._loss(logits.float(), mask)
            for answer in auxiliary:
                loss = loss + AUXILIARY_WEIGHT * self._loss(answer.float(), mask)
        else:
            loss = self._loss(self(batch["image"]).float(), mask)
        self.log("train/loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        """Log loss and Dice of whole slices."""
        self._evaluate(batch, "val")

    def test_step(self, batch: Batch, batch_index: int) -> None:
        """Log loss and Dice of whole slices."""
        self._evaluate(batch, "test")

    def _evaluate(self, batch: Batch, stage: str) -> None:
        logits = self(batch["image"]).float()
        mask = batch["mask"]
        dice = compute_dice((logits > 0).float(), (mask > 0.5).float(), ignore_empty=False)
        size = len(mask)
        self.log(f"{stage}/loss", self._loss(logits, mask), batch_size=size, sync_dist=True)
        self.log(f"{stage}/dice", dice.mean(), prog_bar=True, batch_size=size, sync_dist=True)

    def _loss(self, logits: Tensor, mask: Tensor) -> Tensor:
        cross_entropy = F.binary_cross_entropy_with_logits(logits, mask)
        dice: Tensor = self.dice_loss(logits, mask)
        # The callosum covers about 1 % of a slice: cross-entropy is scaled up to matter.
        return dice + 10 * cross_entropy

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW with a linear warm-up and a cosine to zero, stepped each batch."""
        return warmed_up_adamw(self.trainer, self, self.lr, self.weight_decay, self.warmup_fraction)
