"""Objectives beside diffusers' schedulers, which know one time a sample."""

import pytest
import torch
from diffusers.schedulers import DDIMScheduler, FlowMatchEulerDiscreteScheduler
from diffusers.training_utils import compute_snr
from torch import Tensor

from callosal.models.generation.objectives import (
    Objective,
    RectifiedFlow,
    VariancePreserving,
    objective_named,
)
from callosal.models.generation.spec import scheduler_config

STEPS = torch.tensor([0, 1, 120, 499, 998, 999])


@pytest.fixture(params=["rectified_flow", "vp"])
def objective(request: pytest.FixtureRequest) -> Objective:
    return objective_named(request.param)


@pytest.fixture
def drawn() -> tuple[Tensor, Tensor]:
    clean, noise = torch.randn(2, 6, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    return clean, noise


@pytest.mark.parametrize("time", [0.0, 0.1, 0.5, 0.999, 1.0])
def test_the_right_prediction_gives_back_the_clean_sample(
    objective: Objective, time: float, drawn: tuple[Tensor, Tensor]
) -> None:
    at = torch.full((6, 1, 1, 1), time)
    noisy = objective.noisy(*drawn, at)
    found = objective.clean(noisy, objective.target(*drawn, at), at)
    torch.testing.assert_close(found, drawn[0], atol=1e-5, rtol=0)


def test_the_path_begins_clean_and_ends_in_noise_alone(objective: Objective) -> None:
    clean, noise = torch.full((1, 1, 1, 1), 3.0), torch.full((1, 1, 1, 1), 0.5)
    assert objective.noisy(clean, noise, torch.tensor(0.0)).item() == 3
    assert objective.noisy(clean, noise, torch.tensor(1.0)).item() == 0.5


def test_times_are_inside_the_path_and_repeat_with_the_seed(objective: Objective) -> None:
    times = objective.draw_times(1000, torch.Generator().manual_seed(4))
    assert 0 < times.min() < 0.2
    assert 0.8 < times.max() < 1
    again = objective.draw_times(1000, torch.Generator().manual_seed(4))
    torch.testing.assert_close(times, again, atol=0, rtol=0)


def test_the_flow_is_that_of_diffusers(drawn: tuple[Tensor, Tensor]) -> None:
    scheduler = FlowMatchEulerDiscreteScheduler.from_config(scheduler_config("rectified_flow"))
    timesteps = scheduler.timesteps[STEPS]
    noisy = RectifiedFlow().noisy(*drawn, timesteps[:, None, None, None] / 1000)
    expected = scheduler.scale_noise(drawn[0], timesteps, drawn[1])
    torch.testing.assert_close(noisy, expected, atol=1e-6, rtol=0)


def test_v_prediction_is_that_of_diffusers(drawn: tuple[Tensor, Tensor]) -> None:
    scheduler = DDIMScheduler.from_config(scheduler_config("vp"))
    path, time = VariancePreserving(), (STEPS[:, None, None, None] + 1) / 1000
    for found, expected in (
        (path.noisy(*drawn, time), scheduler.add_noise(*drawn, STEPS)),
        (path.target(*drawn, time), scheduler.get_velocity(*drawn, STEPS)),
    ):
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    snr = compute_snr(scheduler, STEPS)
    expected = torch.minimum(snr, torch.tensor(5.0)) / (snr + 1)
    torch.testing.assert_close(path.weight(time).flatten(), expected, atol=1e-6, rtol=1e-5)
    assert path.weight(torch.tensor(0.0)) == 0


def test_between_its_entries_the_schedule_is_linear() -> None:
    path = VariancePreserving()
    signal, sigma = path.levels(torch.tensor([0.4, 0.4005, 0.401]))
    assert signal[1] == pytest.approx(float(signal[0] + signal[2]) / 2, abs=1e-6)
    torch.testing.assert_close(signal**2 + sigma**2, torch.ones(3))
