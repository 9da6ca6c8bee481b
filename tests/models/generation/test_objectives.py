import pytest
import torch

from callosal.models.generation.objectives import Objective, VariancePreserving, objective_named


@pytest.fixture(params=["rectified_flow", "vp"])
def objective(request: pytest.FixtureRequest) -> Objective:
    return objective_named(request.param)


@pytest.mark.parametrize("time", [0.0, 0.1, 0.5, 0.999, 1.0])
def test_the_right_prediction_gives_back_clean_sample_and_noise(
    objective: Objective, time: float
) -> None:
    clean, noise = torch.randn(2, 3, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    at = torch.full((3, 1, 1, 1), time)
    noisy = objective.noisy(clean, noise, at)
    target = objective.target(clean, noise, at)
    torch.testing.assert_close(objective.clean(noisy, target, at), clean, atol=1e-5, rtol=0)
    torch.testing.assert_close(objective.noise(noisy, target, at), noise, atol=1e-5, rtol=0)


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


def test_min_snr_weights_of_v_are_finite_at_both_ends() -> None:
    time = torch.tensor([0.0, 0.2, 0.5, 1.0])
    snr = (torch.cos(time * torch.pi / 2) / torch.sin(time * torch.pi / 2)) ** 2
    expected = torch.minimum(snr, torch.tensor(5.0)) / (snr + 1)
    weight = VariancePreserving().weight(time)
    torch.testing.assert_close(weight[1:], expected[1:], atol=1e-6, rtol=1e-5)
    assert weight[0] == 0
