"""Predictions of a denoiser for a sampler: guidance, and channels that are given."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from callosal.models.generation.objectives import Objective
from callosal.models.generation.samplers import Predict


@dataclass(frozen=True)
class Guidance:
    """What is asked of each sample.

    Attributes:
        condition: (value - mean) / std of each condition, shape (N, K).
        given: 1 where it is asked for, 0 where not, shape (N, K).
        scale: Weight of what is asked for; 1 follows the network, above 1 exaggerates (Ho and
            Salimans 2022, arXiv 2207.12598).
    """

    condition: Tensor
    given: Tensor
    scale: float = 1.0

    @classmethod
    def nothing(cls, count: int, conditions: int) -> "Guidance":
        """Nothing asked for, for so many samples."""
        return cls(torch.zeros(count, conditions), torch.zeros(count, conditions))


@dataclass(frozen=True)
class Known:
    """Channels that are given, such as the mask of an image to be made.

    Attributes:
        sample: Clean sample; only the given channels count, shape (N, C, H, W).
        image: Whether the image is given, else the mask is.
        image_channels: How many channels hold the image; they come first.
    """

    sample: Tensor
    image: bool
    image_channels: int

    def into(self, sample: Tensor) -> Tensor:
        """Put the given channels into a sample."""
        first, rest = (self.sample, sample) if self.image else (sample, self.sample)
        return torch.cat([first[:, : self.image_channels], rest[:, self.image_channels :]], dim=1)


def joint_prediction(denoiser: nn.Module, asked_for: Guidance) -> Predict:
    """Velocity of pairs, image and mask at one time."""

    def predict(sample: Tensor, time: float) -> Tensor:
        times = torch.full((len(sample), 2), time, device=sample.device)
        return _guided(denoiser, sample, times, asked_for)

    return predict


def conditional_prediction(denoiser: nn.Module, asked_for: Guidance, known: Known) -> Predict:
    """Velocity of images for given masks, or of masks for given images.

    The sampler may move the given channels; they are put back before each call, and `known.into`
    puts them into the result.
    """

    def predict(sample: Tensor, time: float) -> Tensor:
        times = torch.full((len(sample), 2), time, device=sample.device)
        times[:, 0 if known.image else 1] = 0.0
        return _guided(denoiser, known.into(sample), times, asked_for)

    return predict


def mask_from_image(
    denoiser: nn.Module,
    clean: Tensor,
    noise: Tensor,
    objective: Objective,
    image_channels: int,
    conditions: int,
) -> Tensor:
    """Pairs with their mask estimated again from the image, halfway to noise and to its opposite.

    Args:
        denoiser: The network.
        clean: Pairs as they were drawn, shape (N, C, H, W).
        noise: Standard normal, of the same shape.
        objective: What the network predicts.
        image_channels: How many channels hold the image; they come first.
        conditions: How many quantities could be asked for; none is.
    """
    known = Known(clean, image=True, image_channels=image_channels)
    predict = conditional_prediction(denoiser, Guidance.nothing(len(clean), conditions), known)
    half = torch.tensor(0.5, device=clean.device)
    both = [objective.noisy(clean, eps, half) for eps in (noise, -noise)]
    estimates = [objective.clean(sample, predict(sample, 0.5), half) for sample in both]
    return known.into((estimates[0] + estimates[1]) / 2)


def _guided(denoiser: nn.Module, sample: Tensor, times: Tensor, asked_for: Guidance) -> Tensor:
    condition, given = asked_for.condition.to(sample.device), asked_for.given.to(sample.device)
    asked: Tensor = denoiser(sample, times, condition, given)
    if asked_for.scale == 1.0:
        return asked
    free: Tensor = denoiser(sample, times, condition, torch.zeros_like(given))
    return free + asked_for.scale * (asked - free)
