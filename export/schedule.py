"""The stations of a sampling loop: times, and the weights of signal and noise there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callosal.models.errors import ModelFileError


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


def scheduler_config(objective: str, shift: float = 1.0) -> dict[str, Any]:
    """What `scheduler_config.json` says of an objective, in the words of diffusers.

    Args:
        objective: "rectified_flow" or "vp".
        shift: Above 1, a flow's stations move toward noise (Esser et al. 2024, arXiv:2403.03206).
    """
    if objective == "rectified_flow":
        return {
            "_class_name": "FlowMatchEulerDiscreteScheduler",
            "num_train_timesteps": 1000,
            "shift": shift,
            "use_dynamic_shifting": False,
        }
    return {
        "_class_name": "DDIMScheduler",
        "num_train_timesteps": 1000,
        "beta_schedule": "squaredcos_cap_v2",
        "prediction_type": "v_prediction",
        "rescale_betas_zero_snr": True,
        "timestep_spacing": "trailing",
        "clip_sample": False,
    }


def read_schedule(config: Mapping[str, Any], objective: str, steps: int) -> Schedule:
    """Lay out the stations of a loop.

    Args:
        config: Content of `scheduler_config.json`.
        objective: What the network predicts, "rectified_flow" or "vp".
        steps: Runs of the network, at least 1.

    Raises:
        ModelFileError: The configuration is not one of the objective's.
        ValueError: There is no step.
    """
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
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
        return Schedule(objective, times, 1 - times, times)
    # A cosine whose end is pure noise (zero terminal SNR: Lin et al. 2024, arXiv:2305.08891).
    signal, noise = np.sin(np.pi / 2 * (1 - times)), np.sin(np.pi / 2 * times)
    return Schedule(objective, times, signal, noise)
