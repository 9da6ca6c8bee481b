"""Random times and dropped conditions of a training batch."""

import torch
from torch import Tensor

from callosal.models.generation.objectives import Objective


def draw_times(
    count: int, objective: Objective, joint_share: float, generator: torch.Generator
) -> Tensor:
    """Times of image and mask for each item.

    Args:
        count: Items in the batch.
        objective: Whose times are drawn.
        joint_share: Share of items with one time for both. Of the others half get independent
            times, a quarter a clean mask (time 0) and a quarter a clean image.
        generator: Source of randomness.

    Returns:
        Shape (count, 2).
    """
    image = objective.draw_times(count, generator)
    other = objective.draw_times(count, generator)
    chosen = torch.rand(count, generator=generator, device=generator.device)
    rest = (chosen - joint_share) / max(1 - joint_share, 1e-9)
    mask = torch.where(rest < 0, image, other)
    mask = torch.where((rest >= 0.5) & (rest < 0.75), 0.0, mask)
    image = torch.where(rest >= 0.75, 0.0, image)
    return torch.stack([image, mask], dim=1)


def draw_given(condition: Tensor, dropout: float, generator: torch.Generator) -> Tensor:
    """Which conditions each item shows: none, all, or some.

    Args:
        condition: Conditions, shape (N, K).
        dropout: Share of items that show none. Half of the others show all, the rest each one
            with an even chance, so that any subset can be asked for.
        generator: Source of randomness.

    Returns:
        1 where shown and 0 where not, shape (N, K).
    """
    count, kinds = condition.shape
    chosen = torch.rand((count, 1), generator=generator, device=generator.device)
    some = torch.rand((count, kinds), generator=generator, device=generator.device) < 0.5
    everything = chosen >= dropout + (1 - dropout) / 2
    shown = (chosen >= dropout) & (some | everything)
    return shown.to(condition.dtype)
