import numpy as np
import pytest

from callosal.export.schedule import read_schedule, scheduler_config
from callosal.models.errors import ModelFileError


def test_a_flow_runs_straight_from_noise_to_clean() -> None:
    schedule = read_schedule(scheduler_config("rectified_flow"), "rectified_flow", 4)
    np.testing.assert_allclose(schedule.times, [1, 0.75, 0.5, 0.25, 0])
    np.testing.assert_allclose(schedule.signal + schedule.noise, 1)


def test_a_shift_moves_the_stations_toward_noise() -> None:
    schedule = read_schedule(scheduler_config("rectified_flow", 3.0), "rectified_flow", 4)
    np.testing.assert_allclose(schedule.times, [1, 0.9, 0.75, 0.5, 0])


def test_the_other_path_keeps_the_variance_and_ends_in_pure_noise() -> None:
    schedule = read_schedule(scheduler_config("vp"), "vp", 9)
    np.testing.assert_allclose(schedule.signal**2 + schedule.noise**2, 1)
    assert schedule.signal[0] == 0
    assert schedule.noise[-1] == 0


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


def test_no_step_is_refused() -> None:
    with pytest.raises(ValueError, match="steps"):
        read_schedule(scheduler_config("vp"), "vp", 0)
