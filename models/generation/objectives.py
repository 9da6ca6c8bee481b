"""What a denoiser learns: the straight path of rectified flow, or a variance-preserving one.

Time runs from 0 (clean) to 1 (pure noise). Both predict a velocity. Noise levels and draws of
times are those of diffusers. Its schedulers give a whole sample one time (`add_noise`,
`get_velocity`); here each channel has its own, so the formulas are written out.
"""

from abc import ABC, abstractmethod
from typing import Literal

import torch
from diffusers.schedulers import DDIMScheduler
from diffusers.training_utils import compute_density_for_timestep_sampling
from torch import Tensor

from callosal.models.generation.spec import scheduler_config

ObjectiveName = Literal["rectified_flow", "vp"]


class Objective(ABC):
    """A path from clean samples to noise, and what is predicted along it.

    Times have any shape that broadcasts against the samples.
    """

    name: str

    @abstractmethod
    def draw_times(self, count: int, generator: torch.Generator) -> Tensor:
        """Random training times in (0, 1), shape (count,), on the generator's device."""

    @abstractmethod
    def levels(self, time: Tensor) -> tuple[Tensor, Tensor]:
        """Weights of the clean sample and of the noise, each of the shape of the times."""

    @abstractmethod
    def target(self, clean: Tensor, noise: Tensor, time: Tensor) -> Tensor:
        """Velocity that the network is to predict."""

    @abstractmethod
    def weight(self, time: Tensor) -> Tensor:
        """Weight of the squared error, of the shape of the times."""

    @abstractmethod
    def clean(self, noisy: Tensor, prediction: Tensor, time: Tensor) -> Tensor:
        """Clean sample that a prediction means."""

    def noisy(self, clean: Tensor, noise: Tensor, time: Tensor) -> Tensor:
        """Sample at a time on the path."""
        signal, sigma = self.levels(time)
        return signal * clean + sigma * noise


class RectifiedFlow(Objective):
    """Straight lines: x_t = (1 - t) clean + t noise; the velocity is noise - clean.

    Times are drawn logit-normal (Liu et al. 2022, arXiv 2209.03003; Esser et al. 2024,
    arXiv 2403.03206), which is the weighting.
    """

    name = "rectified_flow"

    def draw_times(self, count: int, generator: torch.Generator) -> Tensor:
        """Logit-normal times, shape (count,)."""
        times: Tensor = compute_density_for_timestep_sampling(
            "logit_normal", count, 0.0, 1.0, device=generator.device, generator=generator
        )
        return times

    def levels(self, time: Tensor) -> tuple[Tensor, Tensor]:
        """Shares that add up to 1."""
        return 1 - time, time

    def target(self, clean: Tensor, noise: Tensor, time: Tensor) -> Tensor:
        """Velocity of the line."""
        return noise - clean

    def weight(self, time: Tensor) -> Tensor:
        """All times weigh the same."""
        return torch.ones_like(time)

    def clean(self, noisy: Tensor, prediction: Tensor, time: Tensor) -> Tensor:
        """Start of the line."""
        return noisy - time * prediction


class VariancePreserving(Objective):
    """diffusers' cosine schedule with zero terminal SNR, linear between its thousand entries.

    Predicts v = signal noise - sigma clean (Salimans and Ho 2022, arXiv 2202.00512). The weight is
    min(SNR, 5) / (SNR + 1), which is min-SNR-5 for v (Hang et al. 2023, arXiv 2303.09556).
    """

    name = "vp"
    snr_limit = 5.0

    def __init__(self) -> None:
        products = DDIMScheduler.from_config(scheduler_config(self.name)).alphas_cumprod
        self._signal = torch.cat([torch.ones(1), products.sqrt()])

    def draw_times(self, count: int, generator: torch.Generator) -> Tensor:
        """Uniform times, shape (count,)."""
        return torch.rand(count, generator=generator, device=generator.device)

    def levels(self, time: Tensor) -> tuple[Tensor, Tensor]:
        """Weights whose squares add up to 1."""
        table = self._signal.to(time.device)
        place = time * (len(table) - 1)
        below = place.long().clamp(max=len(table) - 2)
        signal = torch.lerp(table[below], table[below + 1], place - below)
        return signal, (1 - signal**2).sqrt()

    def target(self, clean: Tensor, noise: Tensor, time: Tensor) -> Tensor:
        """Velocity along the circle."""
        signal, sigma = self.levels(time)
        return signal * noise - sigma * clean

    def weight(self, time: Tensor) -> Tensor:
        """min(SNR, 5) / (SNR + 1), written so that SNR may be infinite."""
        signal, sigma = self.levels(time)
        return torch.minimum(signal**2, self.snr_limit * sigma**2)

    def clean(self, noisy: Tensor, prediction: Tensor, time: Tensor) -> Tensor:
        """Clean sample, also at time 1, where v is minus the clean sample."""
        signal, sigma = self.levels(time)
        return signal * noisy - sigma * prediction


def objective_named(name: str) -> Objective:
    """The objective of a name.

    Example:
        >>> objective_named("vp").name
        'vp'
    """
    return {"rectified_flow": RectifiedFlow, "vp": VariancePreserving}[name]()
