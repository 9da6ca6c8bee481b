"""Samplers on Gaussian data, for which the best prediction is known in closed form."""

import pytest
import torch
from torch import Tensor

from callosal.models.generation.objectives import VariancePreserving
from callosal.models.generation.samplers import network_times, run_sampler, scheduler_for
from callosal.models.generation.spec import scheduler_config

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
    signal, sigma = VariancePreserving().levels(torch.tensor(time))
    off = (sample - signal * MEAN) / ((signal * STD) ** 2 + sigma**2)
    clean, noise = MEAN + signal * STD**2 * off, sigma * off
    return signal * noise - sigma * clean


def _noise(count: int) -> Tensor:
    return torch.randn(count, 1, 1, 1, generator=torch.Generator().manual_seed(0))


PREDICTIONS = {"rectified_flow": _flow_velocity, "vp": _v}


def _sample(sampler: str, objective: str, steps: int, noise: Tensor) -> Tensor:
    scheduler = scheduler_for(sampler, scheduler_config(objective), steps)
    generator = torch.Generator().manual_seed(1)
    return run_sampler(
        PREDICTIONS[objective],
        noise,
        scheduler,
        (lambda _: torch.randn(noise.shape, generator=generator)) if sampler == "ddpm" else None,
    )


@pytest.mark.parametrize(
    ("sampler", "objective"),
    [("euler_flow", "rectified_flow"), ("ddim", "rectified_flow"), ("ddim", "vp"),
     ("dpm_solver_pp_2m", "rectified_flow"), ("dpm_solver_pp_2m", "vp")],
)  # fmt: skip
def test_noise_is_carried_to_the_data(sampler: str, objective: str) -> None:
    noise = _noise(64)
    # The exact flow of Gaussians is a line.
    exact = MEAN + STD * noise
    errors = [
        float((_sample(sampler, objective, steps, noise) - exact).abs().max())
        for steps in (10, 40, 160)
    ]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.03


def test_the_second_order_solver_needs_fewer_steps() -> None:
    noise = _noise(64)
    exact = MEAN + STD * noise
    first, second = (
        float((_sample(sampler, "vp", 20, noise) - exact).abs().mean())
        for sampler in ("ddim", "dpm_solver_pp_2m")
    )
    assert second < 0.5 * first


@pytest.mark.parametrize("objective", ["rectified_flow", "vp"])
def test_ancestral_samples_have_the_data_s_mean_and_spread(objective: str) -> None:
    sample = _sample("ddpm", objective, 100, _noise(20_000))
    assert sample.mean() == pytest.approx(MEAN, abs=0.02)
    assert sample.std() == pytest.approx(STD, abs=0.02)


@pytest.mark.parametrize("sampler", ["euler_flow", "ddim", "dpm_solver_pp_2m", "ddpm"])
def test_a_flow_is_asked_at_equal_distances_from_pure_noise_on(sampler: str) -> None:
    scheduler = scheduler_for(sampler, scheduler_config("rectified_flow"), 4)
    assert network_times(scheduler) == [1.0, 0.75, 0.5, 0.25]


@pytest.mark.parametrize("steps", [7, 20, 61])
def test_v_is_asked_at_so_many_whole_ticks(steps: int) -> None:
    times = network_times(scheduler_for("ddim", scheduler_config("vp"), steps))
    assert times == [round(1000 * (1 - step / steps)) / 1000 for step in range(steps)]
