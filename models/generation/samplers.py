"""Samplers: pure functions from noise to samples, each named after its algorithm.

Each takes a prediction function, noise that comes in from outside, and falling times from 1 to 0.
The same formulas in numpy run an exported generator.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from callosal.models.generation.objectives import VariancePreserving

Predict = Callable[[Tensor, float], Tensor]
"""Velocity of samples (N, C, H, W) at one time."""


def trailing_times(steps: int) -> list[float]:
    """Times from 1 to 0 at equal distance, steps + 1 of them.

    They begin at pure noise ("trailing" spacing, arXiv 2305.08891).

    >>> trailing_times(4)
    [1.0, 0.75, 0.5, 0.25, 0.0]
    """
    return [1 - step / steps for step in range(steps + 1)]


def euler_flow(predict: Predict, noise: Tensor, times: Sequence[float]) -> Tensor:
    """Euler steps along the velocity of a rectified flow (arXiv 2209.03003).

    Args:
        predict: Velocity noise - clean.
        noise: Standard normal, shape (N, C, H, W).
        times: Falling from 1 to 0.
    """
    sample = noise
    for time, following in pairwise(times):
        sample = sample + (following - time) * predict(sample, time)
    return sample


def ddim(predict: Predict, noise: Tensor, times: Sequence[float]) -> Tensor:
    """Deterministic DDIM steps on the variance-preserving path (arXiv 2010.02502).

    Args:
        predict: Velocity v.
        noise: Standard normal, shape (N, C, H, W).
        times: Falling from 1 to 0.
    """
    path = VariancePreserving()
    sample = noise
    for time, following in pairwise(times):
        velocity = predict(sample, time)
        now, then = torch.tensor(time), torch.tensor(following)
        sample = path.noisy(
            path.clean(sample, velocity, now), path.noise(sample, velocity, now), then
        )
    return sample


def dpm_solver_pp_2m(predict: Predict, noise: Tensor, times: Sequence[float]) -> Tensor:
    """DPM-Solver++(2M) on the variance-preserving path (arXiv 2211.01095, algorithm 2).

    The first step, the one after it (whose predecessor has no finite log SNR) and the last one
    are of first order.

    Args:
        predict: Velocity v.
        noise: Standard normal, shape (N, C, H, W).
        times: Falling from 1 to 0.
    """
    path = VariancePreserving()
    sample, before, gap_before = noise, None, math.inf
    for time, following in pairwise(times):
        clean = path.clean(sample, predict(sample, time), torch.tensor(time))
        gap = _log_snr(following) - _log_snr(time)
        estimate = clean
        if before is not None and math.isfinite(gap_before) and math.isfinite(gap):
            estimate = clean + (clean - before) * (0.5 * gap / gap_before)
        signal, sigma = _signal(following), _sigma(following)
        sample = sample * (sigma / _sigma(time)) + estimate * (signal * (1 - math.exp(-gap)))
        before, gap_before = clean, gap
    return sample


def ddpm_ancestral(
    predict: Predict,
    noise: Tensor,
    times: Sequence[float],
    step_noise: Callable[[int], Tensor],
) -> Tensor:
    """Ancestral DDPM steps on the variance-preserving path (arXiv 2006.11239).

    Args:
        predict: Velocity v.
        noise: Standard normal, shape (N, C, H, W).
        times: Falling from 1 to 0.
        step_noise: Standard normal of the samples' shape for steps 1, 2, ...
    """
    path = VariancePreserving()
    sample = noise
    for step, (time, following) in enumerate(pairwise(times), start=1):
        clean = path.clean(sample, predict(sample, time), torch.tensor(time))
        signal, sigma = _signal(following), _sigma(following)
        if following == 0:
            return clean
        ratio = _signal(time) / signal
        variance = (sigma / _sigma(time)) ** 2 * (1 - ratio**2)
        kept = ratio * (sigma / _sigma(time)) ** 2
        mean = kept * sample + (signal - kept * _signal(time)) * clean
        sample = mean + math.sqrt(variance) * step_noise(step)
    return sample


def _signal(time: float) -> float:
    return 0.0 if time >= 1 else math.cos(time * math.pi / 2)


def _sigma(time: float) -> float:
    return math.sin(time * math.pi / 2)


def _log_snr(time: float) -> float:
    """Half the log of the signal-to-noise ratio: minus infinity at 1, infinity at 0."""
    if time >= 1:
        return -math.inf
    return math.inf if time <= 0 else math.log(_signal(time) / _sigma(time))
