"""Random scanners for batches of crops: contrast, bias field, blur, noise, field of view.

All take and give float32 of shape (B, 1, C, C), white matter near 1, and draw one stream a slice.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from callosal.pipelines.training.draws import Draws
from callosal.pipelines.training.smooth_fields import smooth

_BLOCK = 64
"""Rows that are blurred in one product."""


def random_contrast(image: Tensor, share: float, draws: Draws) -> Tensor:
    """Gamma and, in a share, inverted contrast of the tissue; air stays dark."""
    gamma = torch.exp(draws.uniform(-0.45, 0.45, (1, 1, 1)))
    inverted = draws.chosen(share)[:, 0, 0, 0]
    # A power by its logarithm: a quarter of the time of `pow`.
    changed = image.clamp(min=1e-4).log_().mul_(gamma).exp_()
    plain = image[inverted].clamp(min=0)
    tissue = torch.sigmoid((plain - 0.08) * 60)
    changed[inverted] = tissue * (1.05 - plain.clamp(max=1.0))
    return changed


def bias_field(size: int, draws: Draws) -> Tensor:
    """Smooth multiplicative field, exp of a random low-order surface, (B, 1, size, size)."""
    strength = draws.uniform(0.0, 0.35, (1, 1, 1))
    return smooth(strength * draws.normal((1, 3, 3)), size).exp_()


def random_blur(image: Tensor, spacing_mm: float, share: float, draws: Draws) -> Tensor:
    """Gaussian blur of 0 to 0.8 mm in plane; along one axis up to thick slices in a share."""
    sigma = draws.uniform(0.0, 0.8, (2, 1, 1))
    thick = draws.uniform(1.0, 2.6, (1, 1, 1))
    axis = draws.chosen(0.5)
    along = torch.cat([axis, ~axis], dim=1) & draws.chosen(share)
    sigma = torch.where(along, thick, sigma)[:, :, 0, 0] / spacing_mm
    radius = math.ceil(2.5 * 2.6 / spacing_mm)
    across = _blurred_down(image[:, 0].transpose(1, 2), sigma[:, 1], radius)
    return _blurred_down(across.transpose(1, 2), sigma[:, 0], radius)[:, None]


def add_noise(image: Tensor, spacing_mm: float, draws: Draws) -> Tensor:
    """Rician noise on the scanner's own coarser grid, up to a tenth of the white matter."""
    size = image.shape[-1]
    coarse = max(1, round(size * spacing_mm))
    strength = draws.uniform(0.0, 0.09, (1, 1, 1))
    noise = draws.normal((2, coarse, coarse)) * strength
    noise = F.interpolate(noise, size=(size, size), mode="bilinear", align_corners=False)
    real, imaginary = noise[:, :1], noise[:, 1:]
    return (image + real).square_().addcmul_(imaginary, imaginary).sqrt_()


def fields_of_view(size: int, share: float, draws: Draws) -> tuple[Tensor, Tensor]:
    """Random half planes that end within the crop, for a share of the slices.

    Returns:
        Which slices, bool of shape (B,), and for each of them 1 inside and 0 outside,
        (K, 1, size, size).
    """
    axis = (torch.arange(size, device=draws.device) * 2 + 1) / size - 1
    angle = draws.uniform(0, 2 * math.pi, (1, 1))
    edge = draws.uniform(0.0, 1.0, (1, 1))
    chosen = draws.chosen(share)[:, 0, 0, 0]
    angle, edge = angle[chosen], edge[chosen]
    distance = torch.cos(angle) * axis[None, None, :] + torch.sin(angle) * axis[None, :, None]
    return chosen, (distance < edge).float()[:, None]


def _blurred_down(images: Tensor, sigma: Tensor, radius: int) -> Tensor:
    """Images (B, H, W) blurred along their columns, with air around.

    As products of blocks of rows with the rows that reach into them: that runs at the speed of
    the machine, and a convolution of one channel does not.

    Args:
        images: What to blur.
        sigma: Deviation of each Gaussian in pixels, shape (B,).
        radius: Where the Gaussians end, in pixels.
    """
    height = images.shape[1]
    kernels = F.pad(_gaussian_kernels(sigma, radius), (_BLOCK - 1, _BLOCK - 1))
    reach = _BLOCK + 2 * radius
    # Row i holds the kernel from column i on.
    products = kernels.unfold(1, reach, 1).flip(1)
    padded = F.pad(images, (0, 0, radius, radius + -height % _BLOCK))
    blocks = [products @ padded[:, top : top + reach] for top in range(0, height, _BLOCK)]
    return torch.cat(blocks, dim=1)[:, :height]


def _gaussian_kernels(sigma: Tensor, radius: int) -> Tensor:
    """One normalised Gaussian kernel for each sigma in pixels, shape (B, 2 * radius + 1)."""
    steps = torch.arange(-radius, radius + 1, device=sigma.device)
    kernel = torch.exp(-0.5 * (steps[None] / sigma[:, None].clamp(min=0.05)) ** 2)
    # Numbers that fall out of the normal range are multiplied some thirty times slower.
    kernel = torch.where(kernel < 1e-9, 0.0, kernel)
    return kernel / kernel.sum(1, keepdim=True)
