"""Blur as a product, fields of view and contrast of a share of the slices."""

import pytest
import torch
from torch.nn import functional as F

from callosal.pipelines.training.draws import Draws
from callosal.pipelines.training.scanner import (
    _blurred_down,
    _gaussian_kernels,
    fields_of_view,
    random_blur,
    random_contrast,
)


@pytest.mark.parametrize("height", [130, 64, 14, 3])
def test_a_blur_in_blocks_is_the_convolution_with_air_around(height: int) -> None:
    sigma = torch.tensor([0.0, 0.7, 2.5])
    images = torch.randn(3, height, 5, generator=torch.Generator().manual_seed(0))
    kernels = _gaussian_kernels(sigma, 13)[:, None, :, None]
    expected = F.conv2d(images[None], kernels, padding=(13, 0), groups=3)[0]
    assert torch.allclose(_blurred_down(images, sigma, 13), expected, atol=1e-6)


def test_a_blur_keeps_the_light_and_blurs_the_axes_apart() -> None:
    point = torch.zeros(16, 1, 65, 65)
    point[:, :, 32, 32] = 1
    blurred = random_blur(point, 0.5, 1.0, Draws(range(16)))[:, 0]
    assert torch.allclose(blurred.sum((1, 2)), torch.ones(16), atol=1e-4)
    steps = torch.arange(65) - 32.0
    along = [(blurred.sum(axis) * steps**2).sum(1).sqrt() * 0.5 for axis in (1, 2)]
    thick, thin = torch.maximum(*along), torch.minimum(*along)
    assert ((thick > 0.9) & (thick < 2.65)).all()
    assert (thin < 0.85).all()
    # Either axis may be the thick one.
    assert 0 < (along[0] > along[1]).sum() < 16


def test_fields_of_view_are_made_for_the_slices_that_get_one() -> None:
    cut, visible = fields_of_view(32, 0.5, Draws(range(20)))
    assert 0 < cut.sum() < 20
    assert visible.shape == (int(cut.sum()), 1, 32, 32)
    assert set(visible.unique().tolist()) == {0.0, 1.0}


def test_contrast_is_inverted_in_the_share_alone() -> None:
    ramp = torch.linspace(0.2, 1, 64).expand(20, 1, 64, 64)
    rising = (random_contrast(ramp, 0.5, Draws(range(20))).diff(dim=-1) > 0).all(-1)[:, 0, 0]
    assert 0 < rising.sum() < 20
    assert (random_contrast(ramp, 0.0, Draws(range(20))).diff(dim=-1) > 0).all()
