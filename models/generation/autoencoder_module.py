"""The Lightning module that trains the autoencoder of pairs."""

from typing import Any

import pytorch_lightning as pl
import torch
from monai.metrics import compute_dice
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torch.nn import functional as F

from callosal.models.generation.autoencoder import PairAutoencoder
from callosal.models.optimisation import warmed_up_adamw

Batch = dict[str, Tensor]

BORDER_SHARPNESS = 10.0
"""Slope of the soft mask about the border, for the overlap loss."""


class AutoencoderModule(pl.LightningModule):
    """Trains a PairAutoencoder and measures the gate of stage two on whole held-out slices.

    Args:
        net: The autoencoder.
        crop_px: Side of the square crops that it is trained on, a multiple of 4.
        kl_weight: Weight of the divergence of the latents from a standard normal.
        lr: Peak learning rate of AdamW.
        weight_decay: Decoupled weight decay of AdamW.
        warmup_fraction: Share of all steps in which the learning rate rises; then it falls by a
            cosine to zero.
        seed: Seed of crops and latents.
    """

    def __init__(
        self,
        net: PairAutoencoder,
        crop_px: int = 128,
        kl_weight: float = 1e-6,
        lr: float = 2e-3,
        weight_decay: float = 1e-4,
        warmup_fraction: float = 0.05,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if crop_px < 16 or crop_px % 4:
            raise ValueError(f"crop_px must be a multiple of 4 from 16 up, got {crop_px}")
        if not 0 < lr < 1:
            raise ValueError(f"lr must lie between 0 and 1, got {lr}")
        self.save_hyperparameters(ignore=["net"])
        self.net: PairAutoencoder = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.crop_px = crop_px
        self.kl_weight = kl_weight
        self.lr = lr
        self.weight_decay = weight_decay
        self.warmup_fraction = warmup_fraction
        self.seed = seed
        self._sums: list[Tensor] = []
        self._gate: dict[str, float] | None = None

    def forward(self, pair: Tensor) -> Tensor:
        """Reconstruct pairs (N, 2, H, W)."""
        reconstruction: Tensor = self.net(pair)
        return reconstruction.float()

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """Loss of one batch of random crops."""
        rank_seed = (self.seed * 1_000_003 + int(batch["step"])) * 1_009 + self.global_rank
        generator = torch.Generator(device=self.device).manual_seed(rank_seed)
        pair = self._crop(batch["pair"], generator)
        mean, logvar = self.net.encode(pair)
        noise = torch.randn(mean.shape, generator=generator, device=mean.device)
        latent = mean + torch.exp(0.5 * logvar.float()) * noise
        answer = self.net.decode(latent).float()
        image = _image_loss(answer[:, :1], pair[:, :1])
        mask = _mask_loss(answer[:, 1:], pair[:, 1:], batch["labelled"])
        divergence = 0.5 * (mean**2 + logvar.exp() - 1 - logvar).float().sum((1, 2, 3)).mean()
        loss = image + mask + self.kl_weight * divergence
        self.log("train/loss", loss, prog_bar=True)
        self.log("train/image_loss", image)
        self.log("train/mask_loss", mask)
        self.log("train/divergence", divergence)
        return loss

    def _crop(self, pair: Tensor, generator: torch.Generator) -> Tensor:
        """One random square of the batch, (B, 2, crop_px, crop_px)."""
        height, width = pair.shape[2:]
        share = torch.rand(2, generator=generator, device=generator.device).tolist()
        top, left = (
            int(part * (max(side - self.crop_px, 0) + 1))
            for part, side in zip(share, (height, width), strict=True)
        )
        return pair[:, :, top : top + self.crop_px, left : left + self.crop_px]

    def on_validation_epoch_start(self) -> None:
        """Start the gate's measures again."""
        self._sums = []

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        """Reconstruct whole slices from the means of their latents."""
        pair = batch["pair"]
        with torch.autocast(pair.device.type, enabled=False):
            answer = self(pair.float())
        dice = compute_dice((answer[:, 1:] > 0).float(), (pair[:, 1:] > 0).float())[:, 0]
        error = ((answer[:, 0].clamp(-1, 1) - pair[:, 0]) ** 2).mean((1, 2)).clamp(min=1e-10)
        psnr_db = 10 * torch.log10(4 / error)
        self._sums.append(torch.stack([dice, psnr_db, torch.ones_like(dice)]).sum(1))
        loss = _image_loss(answer[:, :1], pair[:, :1]) + _mask_loss(
            answer[:, 1:], pair[:, 1:], batch["labelled"]
        )
        self.log("val/loss", loss, batch_size=len(pair), sync_dist=True)

    def on_validation_epoch_end(self) -> None:
        """Keep Dice and PSNR of all held-out slices for the checkpoint."""
        sums = torch.stack(self._sums).sum(0)
        total = self.trainer.strategy.reduce(sums, reduce_op="sum")
        assert isinstance(total, Tensor)
        dice, psnr_db = (total[:2] / total[2]).tolist()
        self._gate = {"dice": dice, "psnr_db": psnr_db}
        self.log("val/dice", dice, prog_bar=True)
        self.log("val/psnr_db", psnr_db, prog_bar=True)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Let the checkpoint say what it is and how well it did on held-out slices."""
        parameters = checkpoint.setdefault("hyper_parameters", {})
        parameters["autoencoder"] = self.net.init_args
        if self._gate is not None:
            parameters["gate"] = dict(self._gate)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW with a linear warm-up and a cosine to zero, stepped each batch."""
        return warmed_up_adamw(
            self.trainer, self.net, self.lr, self.weight_decay, self.warmup_fraction
        )


def _image_loss(answer: Tensor, image: Tensor) -> Tensor:
    """Absolute and squared error of values, absolute error of gradients."""
    difference = answer - image
    rows, columns = difference.diff(dim=2), difference.diff(dim=3)
    return (
        difference.abs().mean() + (difference**2).mean() + rows.abs().mean() + columns.abs().mean()
    )


def _mask_loss(answer: Tensor, mask: Tensor, labelled: Tensor) -> Tensor:
    """Absolute error of the squashed distance, most about the border; labelled items only."""
    inside = (mask > 0).float()
    near = 1 + 10 * (mask.abs() < 0.5).float()
    border = F.binary_cross_entropy_with_logits(BORDER_SHARPNESS * answer, inside, reduction="none")
    error = ((answer - mask).abs() * near + border).mean((1, 2, 3))
    return (error * labelled).sum() / labelled.sum().clamp(min=1)
