"""Intensity normalisation that travels inside the exported graph."""

import torch
from torch import Tensor, nn

IN_WORDS = (
    "per image: mean and standard deviation of the pixels above the image mean (the tissue); "
    "z = (pixel - mean) / deviation, limited to [-4, 4]"
)


class ForegroundNormalisation(nn.Module):
    """Centre and scale each image by its foreground, the pixels above the image mean.

    The answer does not change when the scanner scales or shifts all intensities, and hardly
    when more or less air is in the picture. Percentiles would serve too, but ONNX has none.
    """

    def forward(self, image: Tensor) -> Tensor:
        """Map raw intensities (B, C, H, W) to values in [-4, 4], equal in shape."""
        image = image.float()
        image_mean = image.mean((1, 2, 3), keepdim=True)
        foreground = (image > image_mean).float()
        count = foreground.sum((1, 2, 3), keepdim=True).clamp(min=1.0)
        mean = (image * foreground).sum((1, 2, 3), keepdim=True) / count
        deviation_squared = (foreground * (image - mean) ** 2).sum((1, 2, 3), keepdim=True) / count
        # A floor relative to the mean keeps a flat image finite at any intensity scale.
        floor = 1e-6 * (mean - image_mean).abs() + 1e-20
        deviation = torch.sqrt(deviation_squared + floor**2)
        return ((image - mean) / deviation).clamp(-4.0, 4.0)
