"""The autoencoder of image and mask: a quarter of the pixels along each axis."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FACTOR = 4


class PlainBlock(nn.Module):
    """Residual block without normalisation (Lim et al. 2017, arXiv 1707.02921).

    Without statistics over the picture a crop is coded as it would be within the whole slice,
    so that training on crops serves any size.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_in = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv_out = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.conv_out.weight)
        nn.init.zeros_(self.conv_out.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        changed: Tensor = x + self.conv_out(F.silu(self.conv_in(x)))
        return changed


class Encoder(nn.Sequential):
    """One channel (N, 1, H, W) to mean and log variance (N, 2 * latents, H / 4, W / 4)."""

    def __init__(self, width: int, latents: int) -> None:
        super().__init__(
            nn.Conv2d(1, width // 2, 4, stride=2, padding=1),
            nn.SiLU(),
            nn.Conv2d(width // 2, width, 4, stride=2, padding=1),
            PlainBlock(width),
            PlainBlock(width),
            nn.SiLU(),
            nn.Conv2d(width, 2 * latents, 3, padding=1),
        )


class Decoder(nn.Sequential):
    """Latents (N, latents, h, w) to one channel (N, 1, 4 h, 4 w)."""

    def __init__(self, width: int, latents: int) -> None:
        super().__init__(
            nn.Conv2d(latents, width, 3, padding=1),
            PlainBlock(width),
            PlainBlock(width),
            nn.Conv2d(width, 2 * width, 1),
            nn.PixelShuffle(2),
            PlainBlock(width // 2),
            nn.SiLU(),
            nn.Conv2d(width // 2, 4, 3, padding=1),
            nn.PixelShuffle(2),
        )


class PairAutoencoder(nn.Module):
    """Codes image and mask side by side into one latent picture (KL, factor 4).

    Each has channels of its own, so that an image without a mask can be coded, and a mask
    without an image: what the two times of the denoiser need.

    Args:
        image_latents: Latent channels of the image.
        mask_latents: Latent channels of the mask.
        image_width: Channels of the image's hidden layers at a quarter of the resolution.
        mask_width: Channels of the mask's hidden layers there.

    Example:
        >>> net = PairAutoencoder(image_width=16, mask_width=8)
        >>> mean, logvar = net.encode(torch.zeros(2, 2, 32, 48))
        >>> mean.shape, net.decode(mean).shape
        (torch.Size([2, 6, 8, 12]), torch.Size([2, 2, 32, 48]))
    """

    def __init__(
        self,
        image_latents: int = 4,
        mask_latents: int = 2,
        image_width: int = 64,
        mask_width: int = 32,
    ) -> None:
        super().__init__()
        self.init_args: dict[str, Any] = {
            "image_latents": image_latents,
            "mask_latents": mask_latents,
            "image_width": image_width,
            "mask_width": mask_width,
        }
        self.image_latents = image_latents
        self.mask_latents = mask_latents
        self.image_encoder = Encoder(image_width, image_latents)
        self.mask_encoder = Encoder(mask_width, mask_latents)
        self.image_decoder = Decoder(image_width, image_latents)
        self.mask_decoder = Decoder(mask_width, mask_latents)

    def encode(self, pair: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of the latents.

        Args:
            pair: Image and mask channel, shape (N, 2, H, W), H and W multiples of 4.

        Returns:
            Mean and log variance, each (N, image_latents + mask_latents, H / 4, W / 4), the
            image's channels first.
        """
        image_mean, image_logvar = self.image_encoder(pair[:, :1]).chunk(2, dim=1)
        mask_mean, mask_logvar = self.mask_encoder(pair[:, 1:]).chunk(2, dim=1)
        mean = torch.cat([image_mean, mask_mean], dim=1)
        logvar = torch.cat([image_logvar, mask_logvar], dim=1)
        return mean, logvar.clamp(-30.0, 20.0)

    def decode(self, latent: Tensor) -> Tensor:
        """Image and mask channel (N, 2, 4 h, 4 w) of latents (N, L, h, w).

        The mask channel is a tanh, so it stays within (-1, 1); the mask is where it is positive.
        """
        image = self.image_decoder(latent[:, : self.image_latents])
        mask = torch.tanh(self.mask_decoder(latent[:, self.image_latents :]))
        return torch.cat([image, mask], dim=1)

    def forward(self, pair: Tensor) -> Tensor:
        """Reconstruct pairs (N, 2, H, W) from the mean of their latents."""
        return self.decode(self.encode(pair)[0])
