"""Self-supervised pretraining of the ViT: it fills in hidden patches of unlabelled slices."""

from typing import Any

import pytorch_lightning as pl
import torch
from einops import reduce, repeat
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.nn import functional as F

from callosal.models.network_record import record_network
from callosal.models.normalisation import ForegroundNormalisation
from callosal.models.optimisation import warmed_up_adamw
from callosal.models.segmentation_module import Batch
from callosal.models.vit import ViTSegmenter


class MaskedAutoencoderModule(pl.LightningModule):
    """Trains stem and blocks of a ViT segmenter to fill in hidden patches.

    The hidden patches are replaced by a learned value in the picture itself, because a
    convolutional stem has no tokens to leave out, and one linear layer predicts their pixels
    (SimMIM: Xie et
    al. 2022, after the masked autoencoder of He et al. 2022). The loss is the mean absolute
    error on what was hidden, in units of the patch's own contrast.

    Args:
        net: The segmenter whose stem and blocks are trained; its decoder stays unchanged.
        spacing_mm: Pixel size of the slices in mm.
        patch: Side of a hidden patch in pixels, a multiple of the side of a token.
        hidden: Share of the patches that is hidden.
        lr: Peak learning rate of AdamW.
        weight_decay: Decoupled weight decay of AdamW.
        warmup_fraction: Share of all steps in which the learning rate rises.
    """

    def __init__(
        self,
        net: ViTSegmenter,
        spacing_mm: float = 0.5,
        patch: int = 32,
        hidden: float = 0.6,
        lr: float = 1e-3,
        weight_decay: float = 5e-2,
        warmup_fraction: float = 0.05,
    ) -> None:
        super().__init__()
        if patch % net.token_stride:
            raise ValueError(
                f"patch ({patch}) must be a multiple of the token's side ({net.token_stride})"
            )
        if not 0 < hidden < 1:
            raise ValueError(f"hidden must lie between 0 and 1, got {hidden}")
        self.save_hyperparameters()
        self.spacing_mm = spacing_mm
        self.patch = patch
        self.hidden = hidden
        self.lr = lr
        self.weight_decay = weight_decay
        self.warmup_fraction = warmup_fraction
        self.normalise = ForegroundNormalisation()
        self.net = net
        self.mask_value = nn.Parameter(torch.zeros(()))
        self.to_pixels = nn.Conv2d(net.token_width, net.token_stride**2, 1)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the network as a record."""
        record_network(checkpoint)

    def forward(self, image: Tensor, hidden: Tensor) -> Tensor:
        """Fill in the hidden patches.

        Args:
            image: Normalised slices (B, 1, H, W), sides that are multiples of `patch`.
            hidden: 1 where a patch is hidden, (B, 1, H / patch, W / patch).

        Returns:
            Predicted pixels, (B, 1, H, W).
        """
        covered = repeat(hidden, "b 1 h w -> b 1 (h p) (w q)", p=self.patch, q=self.patch)
        seen = torch.where(covered > 0, self.mask_value.to(image.dtype), image)
        tokens = self.to_pixels(self.net.encode(seen))
        filled: Tensor = F.pixel_shuffle(tokens, self.net.token_stride)
        return filled[:, :, : image.shape[2], : image.shape[3]]

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """Loss of one augmented batch of "image" (B, 1, H, W)."""
        loss = self._loss(batch["image"], self._generator(batch_index))
        self.log("train/loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        """Log the loss on slices of the validation split, the same patches hidden each time."""
        generator = torch.Generator(self.device).manual_seed(batch_index)
        loss = self._loss(batch["image"], generator)
        self.log("val/loss", loss, prog_bar=True, batch_size=len(batch["image"]), sync_dist=True)

    def _generator(self, batch_index: int) -> torch.Generator:
        """The step alone decides which patches are hidden, so a resumed run hides the same ones."""
        return torch.Generator(self.device).manual_seed(self.global_step * 1_009 + self.global_rank)

    def _loss(self, image: Tensor, generator: torch.Generator) -> Tensor:
        image = self._whole_patches(self.normalise(image))
        count, _, height, width = image.shape
        shape = (count, 1, height // self.patch, width // self.patch)
        drawn = torch.rand(shape, generator=generator, device=generator.device)
        hidden = (drawn < self.hidden).float()
        error = reduce(
            (self(image, hidden).float() - _contrast_normalised(image, self.patch)).abs(),
            "b 1 (h p) (w q) -> b 1 h w",
            "mean",
            p=self.patch,
            q=self.patch,
        )
        loss: Tensor = (error * hidden).sum() / hidden.sum().clamp(min=1)
        return loss

    def _whole_patches(self, image: Tensor) -> Tensor:
        height, width = (side // self.patch * self.patch for side in image.shape[2:])
        return image[:, :, :height, :width]

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW with a linear warm-up and a cosine to zero, stepped each batch."""
        return warmed_up_adamw(
            self.trainer, self, self.lr, self.weight_decay, self.warmup_fraction, betas=(0.9, 0.95)
        )


def _contrast_normalised(image: Tensor, patch: int) -> Tensor:
    """Each patch with mean 0 and deviation 1; flat patches, as air is, stay near 0."""
    rows = {"p": patch, "q": patch}
    mean = reduce(image, "b 1 (h p) (w q) -> b 1 h w", "mean", **rows)
    square = reduce(image**2, "b 1 (h p) (w q) -> b 1 h w", "mean", **rows)
    deviation = (square - mean**2).clamp(min=0).sqrt() + 0.1
    spread = "b 1 h w -> b 1 (h p) (w q)"
    normalised: Tensor = (image - repeat(mean, spread, **rows)) / repeat(deviation, spread, **rows)
    return normalised
