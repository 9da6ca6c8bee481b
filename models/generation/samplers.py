"""diffusers' schedulers as samplers: from noise that comes in from outside to clean samples.

The steps are diffusers'. The network is asked at times from 1 (noise) to 0 (clean), and the noise
of a stochastic step is handed in, so that it can follow from the seed of each sample.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from diffusers.schedulers import DPMSolverMultistepScheduler, FlowMatchEulerDiscreteScheduler
from torch import Tensor

Predict = Callable[[Tensor, float], Tensor]
"""Velocity of samples (N, C, H, W) at one time."""

Scheduler = FlowMatchEulerDiscreteScheduler | DPMSolverMultistepScheduler

SOLVERS: Mapping[str, Mapping[str, Any]] = {
    # Of first order DPM-Solver++ is DDIM, and its stochastic form DDPM. Unlike DDIMScheduler and
    # DDPMScheduler it goes along a flow too, and to the next station for any number of steps.
    "ddim": {"solver_order": 1},
    "dpm_solver_pp_2m": {"solver_order": 2},
    "ddpm": {"solver_order": 1, "algorithm_type": "sde-dpmsolver++"},
}


def scheduler_for(sampler: str, config: Mapping[str, Any], steps: int) -> Scheduler:
    """Set up the scheduler of a sampler.

    Args:
        sampler: `euler_flow`, or a key of `SOLVERS`.
        config: Content of `scheduler_config.json`.
        steps: Runs of the network.
    """
    flow = config["_class_name"] == "FlowMatchEulerDiscreteScheduler"
    if not flow:
        solver = DPMSolverMultistepScheduler.from_config(config, **SOLVERS[sampler])
        # The solver's own rounding of 1000 / steps gives one station too many for 61 steps, say.
        count = solver.config.num_train_timesteps
        stations = np.linspace(count, 0, steps + 1)[:-1].round() - 1
        solver.set_timesteps(timesteps=stations.tolist())
        return solver
    euler = FlowMatchEulerDiscreteScheduler.from_config(config)
    # Left to itself the scheduler makes its last step the shortest by far.
    euler.set_timesteps(sigmas=np.linspace(1, 1 / steps, steps))
    if sampler == "euler_flow":
        return euler
    solver = DPMSolverMultistepScheduler(
        use_flow_sigmas=True, prediction_type="flow_prediction", **SOLVERS[sampler]
    )
    solver.set_timesteps(steps)
    # Its own stations begin short of pure noise.
    solver.sigmas = euler.sigmas
    return solver


def network_times(scheduler: Scheduler) -> list[float]:
    """Times in (0, 1] at which the network is asked, one for each step."""
    if isinstance(scheduler, FlowMatchEulerDiscreteScheduler) or scheduler.config.use_flow_sigmas:
        times: list[float] = scheduler.sigmas[:-1].tolist()
        return times
    count = scheduler.config.num_train_timesteps
    return [(step + 1) / count for step in scheduler.timesteps.tolist()]


def run_sampler(
    predict: Predict,
    noise: Tensor,
    scheduler: Scheduler,
    step_noise: Callable[[int], Tensor] | None = None,
) -> Tensor:
    """Carry noise to clean samples.

    Args:
        predict: Velocity at a time.
        noise: Standard normal, shape (N, C, H, W).
        scheduler: As `scheduler_for` sets it up.
        step_noise: Standard normal of the samples' shape for steps 1, 2, ... of `ddpm`.
    """
    scheduler.set_begin_index(0)
    sample = noise
    steps = zip(scheduler.timesteps, network_times(scheduler), strict=True)
    for number, (timestep, time) in enumerate(steps, start=1):
        fresh = {} if step_noise is None else {"variance_noise": step_noise(number)}
        sample = scheduler.step(predict(sample, time), timestep, sample, **fresh).prev_sample
    return sample
