"""The stations of a sampling loop: times, and the weights of signal and noise there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callosal.models.errors import ModelFileError
from callosal.models.generation.spec import scheduler_config

TICKS = 1000
"""Entries of diffusers' tables, `num_train_timesteps`."""


@dataclass(frozen=True, eq=False)
class Schedule:
    """The stations of a loop, from pure noise to the clean sample.

    Attributes:
        objective: "rectified_flow" for velocities, "vp" for v-predictions.
        times: Clock at each station, from 1 down to 0, shape (steps + 1,).
        signal: Weight of the clean sample there, shape (steps + 1,).
        noise: Weight of the noise there, shape (steps + 1,).
    """

    objective: str
    times: NDArray[np.float64]
    signal: NDArray[np.float64]
    noise: NDArray[np.float64]


def read_schedule(config: Mapping[str, Any], objective: str, steps: int) -> Schedule:
    """Lay out the stations of a loop.

    Args:
        config: Content of `scheduler_config.json`.
        objective: What the network predicts, "rectified_flow" or "vp".
        steps: Runs of the network, 1 to 1000.

    Raises:
        ModelFileError: The configuration is not one of the objective's.
        ValueError: There is no step, or more than the path has ticks.
    """
    if not 1 <= steps <= TICKS:
        raise ValueError(f"steps must be 1 to {TICKS}, got {steps}")
    expected = scheduler_config(objective).get("_class_name")
    shift = config.get("shift", 1.0)
    known = objective in ("rectified_flow", "vp") and config.get("_class_name") == expected
    if not known or not isinstance(shift, int | float) or not shift > 0:
        raise ModelFileError(
            f"scheduler_config.json: {config.get('_class_name')!r} with shift {shift!r} does not "
            f"fit the objective {objective!r} ({expected}); export the generator again",
            code="bad_metadata",
        )
    times = np.linspace(1.0, 0.0, steps + 1)
    if objective == "rectified_flow":
        times = shift * times / (1 + (shift - 1) * times)
    else:
        times = np.round(TICKS * times) / TICKS
    return Schedule(objective, times, *levels(objective, times))


def levels(
    objective: str, times: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights of the clean sample and of the noise.

    For "vp" they are those of diffusers' `squaredcos_cap_v2` with `rescale_betas_zero_snr` (a
    cosine that is moved to end in pure noise: Lin et al. 2024, arXiv:2305.08891). As in diffusers'
    DPMSolverMultistepScheduler 2**-12 of the clean sample is left there, for a finite SNR.

    Args:
        objective: "rectified_flow" or "vp".
        times: From 0 clean to 1 noise, of any shape; for "vp" multiples of 1 / 1000.
    """
    if objective == "rectified_flow":
        return 1 - times, times
    signal = np.cos((np.arange(TICKS + 1) / TICKS + 0.008) / 1.008 * np.pi / 2)
    # No step takes more than 99.9 % of the variance.
    signal[-1] = signal[-2] * np.sqrt(1 - 0.999)
    signal[1:] = (signal[1:] - signal[-1]) * signal[1] / (signal[1] - signal[-1])
    signal /= signal[0]
    signal[-1] = 2.0**-12
    weight = signal[np.round(TICKS * times).astype(int)]
    return weight, np.sqrt(1 - weight**2)
