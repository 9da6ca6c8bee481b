"""The sampling loops of diffusion and flow models, in numpy: one pure function an algorithm.

A sample on its way is x = signal * clean + noise * eps. On the straight path of a rectified flow
signal is 1 - t and noise t (Liu et al. 2022, arXiv:2209.03003); on the variance preserving path
their squares add to one (Ho et al. 2020, arXiv:2006.11239). A network predicts either the flow's
velocity eps - clean, or v = signal * eps - noise * clean (Salimans and Ho 2022, arXiv:2202.00512).

The image and the mask of a sample have a clock each: what is held (a given mask, say) stays at
time 0 while the rest is made to fit.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from callosal.export.schedule import Schedule

Array = NDArray[np.float32]
Denoiser = Callable[[Array, Array], Array]
"""From samples (N, C, H, W) and times (N, 2) of image and mask to predictions (N, C, H, W)."""

Network = Callable[[Array, Array, Array, Array], Array]
"""The same with conditions (N, K) and which of them are given (N, K), 0 or 1."""


@dataclass(frozen=True, eq=False)
class Held:
    """The part of every sample that is given and must not change.

    Attributes:
        sample: The given values, shape (N, C, H, W); other channels are not read.
        channels: Which channels are given, bool, shape (C,).
        clocks: Which of the two clocks (image, mask) stand at 0, bool, shape (2,).
    """

    sample: Array
    channels: NDArray[np.bool_]
    clocks: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Stage:
    """What is known at one station: the estimate there and the weights here and at the next."""

    clean: Array
    eps: Array
    signal: float
    noise: float
    next_signal: float
    next_noise: float


def guided(network: Network, condition: Array, given: Array, scale: float) -> Denoiser:
    """Classifier-free guidance (Ho and Salimans 2022, arXiv:2207.12598).

    Args:
        network: The conditional network.
        condition: Wanted values, shape (N, K).
        given: 1 where a value is wanted, 0 where anything will do, shape (N, K).
        scale: 0 ignores the condition, 1 takes it as it is, above 1 exaggerates it.

    Returns:
        A denoiser; it runs the network twice where a scale other than 1 makes a difference.
    """
    if scale == 1 or not given.any():
        return lambda sample, time: network(sample, time, condition, given)

    def denoise(sample: Array, time: Array) -> Array:
        free = network(sample, time, condition, np.zeros_like(given))
        wanted = network(sample, time, condition, given)
        return free + np.float32(scale) * (wanted - free)

    return denoise


def euler_flow(
    denoise: Denoiser, noise: Array, schedule: Schedule, held: Held | None = None
) -> Array:
    """Euler's method along the straight path of a rectified flow.

    Args:
        denoise: Predicts velocities.
        noise: Samples at time 1, standard normal, shape (N, C, H, W).
        schedule: Stations of a flow.
        held: The part that is given.

    Returns:
        Clean samples, shape (N, C, H, W).

    Raises:
        ValueError: The schedule is not that of a flow.
    """
    if schedule.objective != "rectified_flow":
        raise ValueError(
            "euler_flow follows a flow; take ddim or dpm_solver_pp_2m for v-prediction"
        )
    sample = _with_held(noise, held)
    for index, step in enumerate(np.diff(schedule.times)):
        velocity = denoise(sample, _clocks(len(sample), float(schedule.times[index]), held))
        sample = _with_held(sample + np.float32(step) * velocity, held)
    return sample


def ddim(denoise: Denoiser, noise: Array, schedule: Schedule, held: Held | None = None) -> Array:
    """Deterministic steps of DDIM (Song et al. 2021, arXiv:2010.02502), on either path.

    Arguments and result as of `euler_flow`; on a flow the two are the same.
    """
    sample = _with_held(noise, held)
    for index in range(len(schedule.times) - 1):
        stage = _stage(denoise, sample, schedule, index, held)
        sample = _with_held(_mixed(stage.clean, stage.eps, stage), held)
    return sample


def dpm_solver_pp_2m(
    denoise: Denoiser, noise: Array, schedule: Schedule, held: Held | None = None
) -> Array:
    """DPM-Solver++(2M), second order with the step before (Lu et al. 2022, arXiv:2211.01095).

    Arguments and result as of `euler_flow`, on either path. The first step (from infinite noise)
    and the last (to none) are of first order, where the second-order weights are not defined.
    """
    sample = _with_held(noise, held)
    steps = len(schedule.times) - 1
    with np.errstate(divide="ignore"):
        log_ratio = np.log(schedule.signal) - np.log(schedule.noise)
    before: Array | None = None
    for index in range(steps):
        stage = _stage(denoise, sample, schedule, index, held)
        clean: Array = stage.clean
        if before is not None and index < steps - 1 and np.isfinite(log_ratio[index - 1]):
            last, step = np.diff(log_ratio[index - 1 : index + 2]).tolist()
            clean = clean + np.float32(step / last / 2) * (clean - before)
        before = stage.clean
        # With its own eps this is the first-order step; a changed clean part leaves x in place.
        eps: Array = sample - np.float32(stage.signal) * clean
        eps /= np.float32(stage.noise)
        sample = _with_held(_mixed(clean, eps, stage), held)
    return sample


def ddpm(
    denoise: Denoiser,
    noise: Array,
    schedule: Schedule,
    held: Held | None = None,
    *,
    fresh: Callable[[int], Array],
) -> Array:
    """Ancestral sampling (Ho et al. 2020, arXiv:2006.11239): new noise in every step.

    Args:
        denoise: As of `euler_flow`.
        noise: As of `euler_flow`.
        schedule: Stations on either path; a hundred steps and more are usual.
        held: The part that is given.
        fresh: Standard normal noise (N, C, H, W) for the step of an index.

    Returns:
        Clean samples, shape (N, C, H, W).
    """
    sample = _with_held(noise, held)
    for index in range(len(schedule.times) - 1):
        stage = _stage(denoise, sample, schedule, index, held)
        ratio = stage.signal / stage.next_signal
        added = max(stage.noise**2 - (ratio * stage.next_noise) ** 2, 0.0)
        spread = stage.next_noise / stage.noise * np.sqrt(added)
        kept = np.sqrt(max(stage.next_noise**2 - spread**2, 0.0))
        mean = np.float32(stage.next_signal) * stage.clean + np.float32(kept) * stage.eps
        sample = _with_held(mean + np.float32(spread) * fresh(index), held)
    return sample


def clean_part(
    objective: str, sample: Array, prediction: Array, signal: float, noise: float
) -> Array:
    """What a prediction takes for the clean part of samples.

    Args:
        objective: "rectified_flow" for velocities, "vp" for v-predictions.
        sample: Samples on their way, shape (N, C, H, W).
        prediction: The network's answer for them, of the same shape.
        signal: Weight of the clean part in them.
        noise: Weight of the noise in them.

    Returns:
        Clean samples, shape (N, C, H, W).
    """
    kept = sample if objective == "rectified_flow" else np.float32(signal) * sample
    clean: Array = kept - np.float32(noise) * prediction
    return clean


def _stage(
    denoise: Denoiser, sample: Array, schedule: Schedule, index: int, held: Held | None
) -> _Stage:
    """Ask the network at one station and split the sample into its clean part and its noise."""
    prediction = denoise(sample, _clocks(len(sample), float(schedule.times[index]), held))
    signal, noise = (float(part[index]) for part in (schedule.signal, schedule.noise))
    here, there = np.float32(signal), np.float32(noise)
    clean = clean_part(schedule.objective, sample, prediction, signal, noise)
    if schedule.objective == "rectified_flow":
        eps = sample + here * prediction
    else:
        eps = there * sample + here * prediction
    return _Stage(
        clean,
        eps,
        signal,
        noise,
        float(schedule.signal[index + 1]),
        float(schedule.noise[index + 1]),
    )


def _mixed(clean: Array, eps: Array, stage: _Stage) -> Array:
    mixed: Array = np.float32(stage.next_signal) * clean + np.float32(stage.next_noise) * eps
    return mixed


def _clocks(count: int, time: float, held: Held | None) -> Array:
    """Times (N, 2) of image and mask; the clock of a held part stands at 0."""
    clocks = np.full((count, 2), time, dtype=np.float32)
    if held is not None:
        clocks[:, held.clocks] = 0.0
    return clocks


def _with_held(sample: Array, held: Held | None) -> Array:
    if held is None:
        return sample
    kept: Array = np.where(held.channels[:, None, None], held.sample, sample)
    return kept
