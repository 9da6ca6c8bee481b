"""What a denoiser learns: the straight path of rectified flow, or a variance-preserving one.

Time runs from 0 (clean) to 1 (pure noise), continuously. Both predict a velocity.
"""

import math
from typing import Literal, Protocol

import torch
from torch import Tensor

ObjectiveName = Literal["rectified_flow", "vp"]


class Objective(Protocol):
    """A path from clean samples to noise, and what is predicted along it.

    Times have any shape that broadcasts against the samples.
    """

    name: str

    def draw_times(self, count: int, generator: torch.Generator) -> Tensor:
        """Random training times in (0, 1), shape (count,), on the generator's device."""

    def noisy(self, clean: Tensor, noise: Tensor, time: Tensor) -> Tensor:
        """Sample at a time on the path."""

    def target(self, clean: Tensor, noise: Tensor, time: Tensor) -> Tensor:
        """What the network shall predict there."""

    def weight(self, time: Tensor) -> Tensor:
        """Weight of the squared error, of the shape of the times."""

    def clean(self, noisy: Tensor, prediction: Tensor, time: Tensor) -> Tensor:
        """Clean sample that a prediction means."""

    def noise(self, noisy: Tensor, prediction: Tensor, time: Tensor) -> Tensor:
        """Noise that a prediction means."""


class RectifiedFlow:
    """Straight lines: x_t = (1 - t) clean + t noise; the velocity is noise - clean.

    Times are drawn logit-normal (Liu et al. 2022, arXiv 2209.03003; Esser et al. 2024,
    arXiv 2403.03206).
    """

    name = "rectified_flow"

    def draw_times(self, count: int, generator: torch.Generator) -> Tensor:
        """Logit-normal times, shape (count,)."""
        normal = torch.randn(count, generator=generator, device=generator.device)
        return torch.sigmoid(normal)

    def noisy(self, clean: Tensor, noise: Tensor, time: Tensor) -> Tensor:
        """Point on the line."""
        return (1 - time) * clean + time * noise

    def target(self, clean: Tensor, noise: Tensor, time: Tensor) -> Tensor:
        """Velocity of the line."""
        return noise - clean

    def weight(self, time: Tensor) -> Tensor:
        """All times weigh the same: the draw of times is the weighting."""
        return torch.ones_like(time)

    def clean(self, noisy: Tensor, prediction: Tensor, time: Tensor) -> Tensor:
        """Start of the line."""
        return noisy - time * prediction

    def noise(self, noisy: Tensor, prediction: Tensor, time: Tensor) -> Tensor:
        """End of the line."""
        return noisy + (1 - time) * prediction


class VariancePreserving:
    """Cosine schedule with zero terminal SNR: x_t = cos(pi t / 2) clean + sin(pi t / 2) noise.

    Predicts v = cos(.) noise - sin(.) clean (Salimans and Ho 2022, arXiv 2202.00512). At time 1
    nothing of the clean sample is left (Lin et al. 2023, arXiv 2305.08891), and the weight is
    min(SNR, 5) / (SNR + 1), which is min-SNR-5 for v (Hang et al. 2023, arXiv 2303.09556).
    """

    name = "vp"
    snr_limit = 5.0

    def draw_times(self, count: int, generator: torch.Generator) -> Tensor:
        """Uniform times, shape (count,)."""
        return torch.rand(count, generator=generator, device=generator.device)

    def noisy(self, clean: Tensor, noise: Tensor, time: Tensor) -> Tensor:
        """Point on the quarter circle."""
        signal, sigma = _circle(time)
        return signal * clean + sigma * noise

    def target(self, clean: Tensor, noise: Tensor, time: Tensor) -> Tensor:
        """Velocity along the circle."""
        signal, sigma = _circle(time)
        return signal * noise - sigma * clean

    def weight(self, time: Tensor) -> Tensor:
        """min(SNR, 5) / (SNR + 1), written so that SNR may be infinite."""
        signal, sigma = _circle(time)
        return torch.minimum(signal**2, self.snr_limit * sigma**2)

    def clean(self, noisy: Tensor, prediction: Tensor, time: Tensor) -> Tensor:
        """Clean sample, also at time 1, where v is minus the clean sample."""
        signal, sigma = _circle(time)
        return signal * noisy - sigma * prediction

    def noise(self, noisy: Tensor, prediction: Tensor, time: Tensor) -> Tensor:
        """Noise of the sample."""
        signal, sigma = _circle(time)
        return sigma * noisy + signal * prediction


def objective_named(name: str) -> Objective:
    """The objective of a name.

    Example:
        >>> objective_named("vp").name
        'vp'
    """
    objectives: tuple[Objective, ...] = (RectifiedFlow(), VariancePreserving())
    return {objective.name: objective for objective in objectives}[name]


def _circle(time: Tensor) -> tuple[Tensor, Tensor]:
    """Share of the clean sample and of the noise; their squares add up to 1."""
    signal = torch.cos(time * (math.pi / 2))
    # Cosine of a rounded pi / 2 is not quite 0: the end of the path must hold no signal.
    return torch.where(time >= 1, torch.zeros_like(signal), signal), torch.sin(time * (math.pi / 2))
