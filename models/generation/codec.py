"""The space a denoiser works in: pixels as they are, or latents of a frozen autoencoder."""

from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor, nn

from callosal.models.errors import InputError
from callosal.models.generation.autoencoder import FACTOR, PairAutoencoder
from callosal.models.generation.checkpoint import part_of, read_checkpoint
from callosal.models.generation.spec import Latent

MIN_DICE = 0.97
"""Least mean Dice of reconstructed held-out masks for a latent generator to be trained."""
MIN_PSNR_DB = 30.0
"""Least mean PSNR of reconstructed held-out images, range -1 to 1."""


class PixelCodec(nn.Module):
    """No coding: image and mask channel are the sample."""

    image_channels = 1
    mask_channels = 1

    def encode(self, pair: Tensor) -> Tensor:
        """The pair itself, (N, 2, H, W)."""
        return pair

    def decode(self, sample: Tensor) -> Tensor:
        """The sample itself, (N, 2, H, W)."""
        return sample


class LatentCodec(nn.Module):
    """Means of the latents of a frozen autoencoder, scaled channel by channel.

    Args:
        autoencoder: Trained network; it is frozen.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, autoencoder: PairAutoencoder) -> None:
        super().__init__()
        self.autoencoder = autoencoder.eval().requires_grad_(False)
        self.image_channels = autoencoder.image_latents
        self.mask_channels = autoencoder.mask_latents
        channels = self.image_channels + self.mask_channels
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("std", torch.ones(channels))

    @torch.no_grad()
    def encode(self, pair: Tensor) -> Tensor:
        """Scaled latents (N, L, H / 4, W / 4) of pairs (N, 2, H, W)."""
        latent, _ = self.autoencoder.encode(pair)
        scaled: Tensor = (latent.float() - self.mean[:, None, None]) / self.std[:, None, None]
        return scaled

    @torch.no_grad()
    def decode(self, sample: Tensor) -> Tensor:
        """Pairs (N, 2, H, W) of scaled latents (N, L, H / 4, W / 4)."""
        # Full precision: half precision decoders are known for black pictures.
        with torch.autocast(sample.device.type, enabled=False):
            latent = sample.float() * self.std[:, None, None] + self.mean[:, None, None]
            return self.autoencoder.decode(latent)

    @torch.no_grad()
    def measure(self, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
        """Take mean and deviation of each channel over a whole data set.

        Args:
            batches: Pairs (N, 2, H, W), and 1 or 0 for labelled or not (N,); the channels of the
                mask are measured where there is a label.
        """
        count = torch.zeros_like(self.mean, dtype=torch.float64)
        total, squares = torch.zeros_like(count), torch.zeros_like(count)
        for pair, labelled in batches:
            latent = self.autoencoder.encode(pair)[0].double()
            counted = torch.ones_like(latent)
            counted[:, self.image_channels :] *= labelled[:, None, None, None]
            count += counted.sum((0, 2, 3))
            total += (counted * latent).sum((0, 2, 3))
            squares += (counted * latent**2).sum((0, 2, 3))
        mean = total / count
        self.mean.copy_(mean)
        self.std.copy_((squares / count - mean**2).clamp(min=1e-12).sqrt())

    def description(self) -> Latent:
        """The facts of this space for the generator's description."""
        return Latent(
            factor=FACTOR,
            image_channels=self.image_channels,
            mask_channels=self.mask_channels,
            mean=tuple(self.mean.tolist()),
            std=tuple(self.std.tolist()),
            autoencoder=self.autoencoder.init_args,
        )


def load_gated_autoencoder(path: Path) -> PairAutoencoder:
    """Load an autoencoder that passed the gate on held-out slices.

    Raises:
        InputError: The file is no checkpoint of an autoencoder, or its reconstructions were not
            good enough for a generator to be built on.
    """
    content = read_checkpoint(path)
    parameters = content.get("hyper_parameters", {})
    if "autoencoder" not in parameters or "gate" not in parameters:
        raise InputError(
            f"{path.name}: not a checkpoint of an autoencoder after its validation; train one "
            "with callosal fit --config configs/autoencoder.yaml",
            code="bad_checkpoint",
        )
    gate = parameters["gate"]
    if gate["dice"] < MIN_DICE or gate["psnr_db"] < MIN_PSNR_DB:
        raise InputError(
            f"{path.name}: on held-out slices its masks reach Dice {gate['dice']:.3f} (at least "
            f"{MIN_DICE}) and its images {gate['psnr_db']:.1f} dB (at least {MIN_PSNR_DB:.0f}); "
            "train it longer",
            code="gate_missed",
        )
    autoencoder = PairAutoencoder(**parameters["autoencoder"])
    autoencoder.load_state_dict(part_of(content["state_dict"], "net."))
    return autoencoder
