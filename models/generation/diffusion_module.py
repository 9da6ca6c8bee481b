"""The Lightning module that trains a denoiser, in pixels or in latents."""

from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor

from callosal.models.generation.codec import LatentCodec, PixelCodec, load_gated_autoencoder
from callosal.models.generation.denoiser import JointDenoiser
from callosal.models.generation.objectives import ObjectiveName, objective_named
from callosal.models.generation.pair_source import PairSource
from callosal.models.generation.spec import GeneratorSpec
from callosal.models.generation.training_draws import draw_given, draw_times
from callosal.models.optimisation import warmed_up_adamw

Batch = dict[str, Tensor]

VALIDATION_TIMES = 8
"""Times of the validation loss, evenly spread over the path."""


class DiffusionModule(pl.LightningModule):
    """Trains a JointDenoiser on pairs of image and mask.

    All randomness is a function of the seed and of the number of the batch, so a resumed run
    goes on exactly as an unbroken one.

    Args:
        net: The denoiser; its channels are 2 in pixels, and those of the autoencoder else.
        objective: `rectified_flow`, or `vp` for v-prediction on a cosine schedule.
        autoencoder: Checkpoint of an AutoencoderModule; with it the generator is latent.
        lr: Peak learning rate of AdamW.
        weight_decay: Decoupled weight decay of AdamW.
        warmup_fraction: Share of all steps in which the learning rate rises; then it falls by a
            cosine to zero.
        condition_dropout: Share of items without any condition, for classifier-free guidance.
        joint_share: Share of items with one time for image and mask; of the others half get two
            independent times, a quarter a clean mask and a quarter a clean image.
        seed: Seed of times, noise and dropped conditions.
    """

    def __init__(
        self,
        net: JointDenoiser,
        objective: ObjectiveName = "rectified_flow",
        autoencoder: Path | None = None,
        lr: float = 1e-3,
        weight_decay: float = 1e-2,
        warmup_fraction: float = 0.05,
        condition_dropout: float = 0.15,
        joint_share: float = 0.7,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if not 0 < lr < 1:
            raise ValueError(f"lr must lie between 0 and 1, got {lr}")
        for name, share in (("condition_dropout", condition_dropout), ("joint_share", joint_share)):
            if not 0 <= share <= 1:
                raise ValueError(f"{name} must lie in [0, 1], got {share}")
        # Paths are not among the types that a checkpoint is loaded with.
        self.save_hyperparameters(ignore=["net", "autoencoder"])
        self.codec: PixelCodec | LatentCodec = (
            PixelCodec()
            if autoencoder is None
            else LatentCodec(load_gated_autoencoder(autoencoder))
        )
        channels = self.codec.image_channels + self.codec.mask_channels
        if net.init_args["channels"] != channels:
            raise ValueError(
                f"net.channels must be {channels} here, got {net.init_args['channels']}"
            )
        self.net: JointDenoiser = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.objective = objective_named(objective)
        self.lr = lr
        self.weight_decay = weight_decay
        self.warmup_fraction = warmup_fraction
        self.condition_dropout = condition_dropout
        self.joint_share = joint_share
        self.seed = seed

    def forward(self, sample: Tensor, timestep: Tensor, condition: Tensor, given: Tensor) -> Tensor:
        """Predict the velocity of samples (N, C, H, W); see JointDenoiser."""
        sample = sample.contiguous(memory_format=torch.channels_last)
        velocity: Tensor = self.net(sample, timestep, condition, given)
        return velocity.float()

    def on_fit_start(self) -> None:
        """Measure the latent space over all training slices, once."""
        # A resumed run has the measures from its checkpoint.
        if isinstance(self.codec, LatentCodec) and self.global_step == 0:
            self.codec.measure(
                (pair.to(self.device), labelled.to(self.device))
                for pair, labelled in self._source().plain_pairs()
            )

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """Loss of one batch at random times."""
        step = int(batch["step"])
        rank_seed = (self.seed * 1_000_003 + step) * 1_009 + self.global_rank
        generator = torch.Generator(device=self.device).manual_seed(rank_seed)
        count = len(batch["pair"])
        times = draw_times(count, self.objective, self.joint_share, generator)
        given = draw_given(batch["condition"], self.condition_dropout, generator)
        image, mask = self._losses(batch, times, given, generator)
        self.log("train/loss", image + mask, prog_bar=True)
        self.log("train/image_loss", image)
        self.log("train/mask_loss", mask)
        return image + mask

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        """Loss at fixed times with fixed noise, so that curves can be compared."""
        count = len(batch["pair"])
        generator = torch.Generator(device=self.device).manual_seed(int(batch["step"]))
        grid = (torch.arange(count, device=self.device) % VALIDATION_TIMES + 0.5) / VALIDATION_TIMES
        times = grid[:, None].repeat(1, 2)
        image, mask = self._losses(batch, times, torch.ones_like(batch["condition"]), generator)
        for name, value in (("loss", image + mask), ("image_loss", image), ("mask_loss", mask)):
            self.log(f"val/{name}", value, batch_size=count, sync_dist=True)

    def _losses(
        self, batch: Batch, times: Tensor, given: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Weighted squared errors of image and mask channels."""
        clean = self.codec.encode(batch["pair"])
        labelled = batch["labelled"][:, None]
        # Without a label the mask is pure noise, and nothing is asked about it.
        times = torch.cat([times[:, :1], torch.where(labelled > 0, times[:, 1:], 1.0)], dim=1)
        noise = torch.randn(clean.shape, generator=generator, device=clean.device)
        time = self._for_channels(times)
        velocity = self(
            self.objective.noisy(clean, noise, time), times, batch["condition"], given * labelled
        )
        error = (velocity - self.objective.target(clean, noise, time)) ** 2
        # A channel that is given clean is not asked for.
        asked = (time > 0).float() * self.objective.weight(time)
        asked = asked * self._for_channels(torch.cat([torch.ones_like(labelled), labelled], 1))
        losses = error * asked
        # Means over the whole batch, so that an item counts the same whatever stands beside it.
        image = losses[:, : self.codec.image_channels].mean()
        return image, losses[:, self.codec.image_channels :].mean()

    def _for_channels(self, times: Tensor) -> Tensor:
        """Times (N, 2) of image and mask to each channel, (N, C, 1, 1)."""
        image = times[:, :1].expand(-1, self.codec.image_channels)
        mask = times[:, 1:].expand(-1, self.codec.mask_channels)
        return torch.cat([image, mask], dim=1)[:, :, None, None]

    def _source(self) -> PairSource:
        source = getattr(self.trainer, "datamodule", None)
        if not isinstance(source, PairSource):
            raise TypeError("DiffusionModule trains on a data module of pairs")
        return source

    def spec(self) -> GeneratorSpec:
        """What this generator makes and how it was trained."""
        facts = self._source().facts()
        latent = self.codec.description() if isinstance(self.codec, LatentCodec) else None
        return GeneratorSpec(
            kind="pixel" if latent is None else "latent",
            objective=self.objective.name,
            spacing_mm=(facts.spacing_mm, facts.spacing_mm),
            shape=facts.shape,
            sdf_scale_mm=facts.sdf_scale_mm,
            conditions=facts.conditions,
            denoiser=self.net.init_args,
            latent=latent,
            training_data=facts.training_data,
            correlation=facts.correlation,
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Let the checkpoint say what its generator makes."""
        parameters = checkpoint.setdefault("hyper_parameters", {})
        parameters["generator"] = self.spec().to_dict()

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW with a linear warm-up and a cosine to zero, stepped each batch."""
        return warmed_up_adamw(
            self.trainer, self.net, self.lr, self.weight_decay, self.warmup_fraction
        )
