"""Random scanners for batches of crops: contrast, bias field, blur, noise, field of view.

All take and give float32 of shape (B, 1, C, C), white matter near 1, and draw one stream a slice.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from callosal.pipelines.training.draws import Draws
from callosal.pipelines.training.smooth_fields import smooth_noise


def random_contrast(image: Tensor, share: float, draws: Draws) -> Tensor:
    """Gamma and, in a share, inverted contrast of the tissue; air stays dark."""
    image = image.clamp(min=0)
    gamma = torch.exp(draws.uniform(-0.45, 0.45, (1, 1, 1)))
    changed = image.clamp(min=1e-4) ** gamma
    tissue = torch.sigmoid((image - 0.08) * 60)
    inverted = tissue * (1.05 - image.clamp(max=1.0))
    return torch.where(draws.chosen(share), inverted, changed)


def bias_field(image: Tensor, draws: Draws) -> Tensor:
    """Smooth multiplicative field, exp of a random low-order surface."""
    size = image.shape[-1]
    strength = draws.uniform(0.0, 0.35, (1, 1, 1))
    return torch.exp(strength * smooth_noise(1, 3, size, draws))


def random_blur(image: Tensor, spacing_mm: float, share: float, draws: Draws) -> Tensor:
    """Gaussian blur of 0 to 0.8 mm in plane; along one axis up to thick slices in a share."""
    count = len(image)
    sigma = draws.uniform(0.0, 0.8, (2, 1, 1))
    thick = draws.uniform(1.0, 2.6, (1, 1, 1))
    axis = draws.chosen(0.5)
    along = torch.cat([axis, ~axis], dim=1) & draws.chosen(share)
    sigma = torch.where(along, thick, sigma)[:, :, 0, 0] / spacing_mm
    radius = math.ceil(2.5 * 2.6 / spacing_mm)
    rows = _gaussian_kernels(sigma[:, 0], radius)
    columns = _gaussian_kernels(sigma[:, 1], radius)
    stacked = image.transpose(0, 1)
    stacked = F.conv2d(stacked, rows[:, None, :, None], padding=(radius, 0), groups=count)
    stacked = F.conv2d(stacked, columns[:, None, None, :], padding=(0, radius), groups=count)
    return stacked.transpose(0, 1)


def add_noise(image: Tensor, spacing_mm: float, draws: Draws) -> Tensor:
    """Rician noise on the scanner's own coarser grid, up to a tenth of the white matter."""
    size = image.shape[-1]
    coarse = max(1, round(size * spacing_mm))
    strength = draws.uniform(0.0, 0.09, (1, 1, 1))
    noise = draws.normal((2, coarse, coarse))
    noise = F.interpolate(noise, size=(size, size), mode="bilinear", align_corners=False)
    noise = noise * strength
    return torch.sqrt((image + noise[:, :1]) ** 2 + noise[:, 1:] ** 2)


def field_of_view(image: Tensor, share: float, draws: Draws) -> Tensor:
    """1 inside and 0 outside a random half plane that ends within the crop, in a share."""
    size = image.shape[-1]
    axis = (torch.arange(size, device=image.device) * 2 + 1) / size - 1
    angle = draws.uniform(0, 2 * math.pi, (1, 1))
    edge = draws.uniform(0.0, 1.0, (1, 1))
    distance = torch.cos(angle) * axis[None, None, :] + torch.sin(angle) * axis[None, :, None]
    inside = (distance < edge).float()[:, None]
    return torch.where(draws.chosen(share), inside, torch.ones_like(image))


def _gaussian_kernels(sigma: Tensor, radius: int) -> Tensor:
    """One normalised Gaussian kernel for each sigma in pixels, shape (B, 2 * radius + 1)."""
    steps = torch.arange(-radius, radius + 1, device=sigma.device)
    kernel = torch.exp(-0.5 * (steps[None] / sigma[:, None].clamp(min=0.05)) ** 2)
    return kernel / kernel.sum(1, keepdim=True)
