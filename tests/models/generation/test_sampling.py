import pytest
import torch
from torch import Tensor, nn

from callosal.models.generation.noise import sample_noise
from callosal.models.generation.samplers import run_sampler, scheduler_for
from callosal.models.generation.sampling import (
    Guidance,
    Known,
    conditional_prediction,
    joint_prediction,
)
from callosal.models.generation.spec import scheduler_config


class _Asked(nn.Module):
    """Answers with what it was asked: the given conditions added up, and the times."""

    def __init__(self) -> None:
        super().__init__()
        self.samples: list[Tensor] = []
        self.times: list[Tensor] = []

    def forward(self, sample: Tensor, timestep: Tensor, condition: Tensor, given: Tensor) -> Tensor:
        self.samples.append(sample)
        self.times.append(timestep)
        return (condition * given).sum(1)[:, None, None, None].expand_as(sample)


@pytest.mark.parametrize(("guidance", "expected"), [(1.0, 2.0), (0.0, 0.0), (3.0, 6.0)])
def test_guidance_scales_what_is_asked_for(guidance: float, expected: float) -> None:
    asked_for = Guidance(torch.tensor([[2.0, 9.0]]), torch.tensor([[1.0, 0.0]]), guidance)
    velocity = joint_prediction(_Asked(), asked_for)(torch.zeros(1, 2, 4, 4), 0.5)
    assert velocity.unique().tolist() == [expected]


@pytest.mark.parametrize("image", [True, False])
def test_given_channels_are_clean_at_every_step(image: bool) -> None:
    known = Known(torch.full((1, 3, 4, 4), 7.0), image, image_channels=2)
    net = _Asked()
    predict = conditional_prediction(net, Guidance.nothing(1, 2), known)
    noise = torch.from_numpy(sample_noise(0, [0], (3, 4, 4)))
    scheduler = scheduler_for("euler_flow", scheduler_config("rectified_flow"), 3)
    made = known.into(run_sampler(predict, noise, scheduler))
    held = slice(0, 2) if image else slice(2, 3)
    assert len(net.samples) == 3
    for sample, times in zip(net.samples, net.times, strict=True):
        assert (sample[:, held] == 7).all()
        assert times[0, 0 if image else 1] == 0
        assert times[0, 1 if image else 0] > 0
    assert (made[:, held] == 7).all()
