"""Samplers on Gaussian data, for which the best prediction is known in closed form."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from callosal.models.generation.samplers import (
    ddim,
    ddpm_ancestral,
    dpm_solver_pp_2m,
    euler_flow,
    trailing_times,
)

MEAN, STD = 1.5, 0.4


def _flow_velocity(sample: Tensor, time: float) -> Tensor:
    """E[noise - clean | sample] for clean samples of N(MEAN, STD)."""
    variance = ((1 - time) * STD) ** 2 + time**2
    off = sample - (1 - time) * MEAN
    clean = MEAN + (1 - time) * STD**2 / variance * off
    noise = time / variance * off
    return noise - clean


def _v(sample: Tensor, time: float) -> Tensor:
    """E[v | sample] on the variance-preserving path."""
    signal, sigma = math.cos(time * math.pi / 2), math.sin(time * math.pi / 2)
    off = (sample - signal * MEAN) / ((signal * STD) ** 2 + sigma**2)
    clean, noise = MEAN + signal * STD**2 * off, sigma * off
    return signal * noise - sigma * clean


def _noise(count: int) -> Tensor:
    return torch.randn(count, 1, 1, 1, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("sampler", "velocity"), [(euler_flow, _flow_velocity), (ddim, _v), (dpm_solver_pp_2m, _v)]
)
def test_noise_is_carried_to_the_data(
    sampler: Callable[..., Tensor], velocity: Callable[[Tensor, float], Tensor]
) -> None:
    noise = _noise(64)
    # The exact flow of Gaussians is a line.
    exact = MEAN + STD * noise
    errors = [
        float((sampler(velocity, noise, trailing_times(steps)) - exact).abs().max())
        for steps in (10, 40, 160)
    ]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.03


def test_the_second_order_solver_needs_fewer_steps() -> None:
    noise = _noise(64)
    exact = MEAN + STD * noise
    first, second = (
        float((sampler(_v, noise, trailing_times(20)) - exact).abs().mean())
        for sampler in (ddim, dpm_solver_pp_2m)
    )
    assert second < 0.5 * first


def test_ancestral_samples_have_the_data_s_mean_and_spread() -> None:
    generator = torch.Generator().manual_seed(1)
    noise = _noise(20_000)
    sample = ddpm_ancestral(
        _v, noise, trailing_times(100), lambda step: torch.randn(noise.shape, generator=generator)
    )
    assert sample.mean() == pytest.approx(MEAN, abs=0.02)
    assert sample.std() == pytest.approx(STD, abs=0.02)
