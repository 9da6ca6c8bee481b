import numpy as np
import pytest

from callosal.export.schedule import read_schedule
from callosal.models.errors import ModelFileError
from callosal.models.generation.samplers import network_times, scheduler_for
from callosal.models.generation.spec import scheduler_config


def test_a_flow_runs_straight_from_noise_to_clean() -> None:
    schedule = read_schedule(scheduler_config("rectified_flow"), "rectified_flow", 4)
    np.testing.assert_allclose(schedule.times, [1, 0.75, 0.5, 0.25, 0])
    np.testing.assert_allclose(schedule.signal + schedule.noise, 1)


def test_a_shift_moves_the_stations_toward_noise() -> None:
    schedule = read_schedule(
        {**scheduler_config("rectified_flow"), "shift": 3.0}, "rectified_flow", 4
    )
    np.testing.assert_allclose(schedule.times, [1, 0.9, 0.75, 0.5, 0])


def test_the_other_path_keeps_the_variance_and_ends_in_pure_noise() -> None:
    schedule = read_schedule(scheduler_config("vp"), "vp", 9)
    np.testing.assert_allclose(schedule.signal**2 + schedule.noise**2, 1)
    assert schedule.signal[0] == 2**-12
    assert schedule.signal[-1] == 1
    assert schedule.noise[-1] == 0


@pytest.mark.parametrize("steps", [1, 9, 20, 61, 1000])
@pytest.mark.parametrize(
    ("sampler", "objective", "shift"),
    [("euler_flow", "rectified_flow", 1.0), ("euler_flow", "rectified_flow", 3.0),
     ("dpm_solver_pp_2m", "rectified_flow", 3.0), ("dpm_solver_pp_2m", "vp", 1.0)],
)  # fmt: skip
def test_the_stations_are_those_of_diffusers(sampler, objective, shift, steps) -> None:
    config = scheduler_config(objective)
    if objective == "rectified_flow":
        config["shift"] = shift
    found, scheduler = (
        read_schedule(config, objective, steps),
        scheduler_for(sampler, config, steps),
    )
    np.testing.assert_allclose(found.times[:-1], network_times(scheduler), atol=1e-6)
    sigmas = scheduler.sigmas.double().numpy()
    signal = 1 - sigmas if objective == "rectified_flow" else 1 / np.sqrt(1 + sigmas**2)
    np.testing.assert_allclose(found.signal, signal, atol=1e-6)
    noise = sigmas if objective == "rectified_flow" else sigmas * signal
    # Where hardly any noise is left, 1 - alpha of single precision has few digits in diffusers.
    np.testing.assert_allclose(found.noise, noise, atol=2e-5)


@pytest.mark.parametrize(
    ("config", "objective"),
    [
        ({}, "rectified_flow"),
        (scheduler_config("vp"), "rectified_flow"),
        ({**scheduler_config("rectified_flow"), "shift": 0}, "rectified_flow"),
        ({**scheduler_config("rectified_flow"), "shift": "much"}, "rectified_flow"),
        (scheduler_config("vp"), "epsilon"),
    ],
)
def test_a_scheduler_that_does_not_fit_is_refused(config, objective) -> None:
    with pytest.raises(ModelFileError, match="scheduler_config"):
        read_schedule(config, objective, 4)


@pytest.mark.parametrize("steps", [0, 1001])
def test_no_step_and_too_many_are_refused(steps: int) -> None:
    with pytest.raises(ValueError, match="steps"):
        read_schedule(scheduler_config("vp"), "vp", steps)
