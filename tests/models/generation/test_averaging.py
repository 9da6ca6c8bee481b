import pytest
import torch

from callosal.models.generation.averaging import WarmUpAveraging


def test_the_decay_warms_up_to_its_limit() -> None:
    averaging = WarmUpAveraging(decay=0.99)
    zero, one = torch.zeros(1), torch.ones(1)
    moved = [1 - averaging._average(zero, one, count).item() for count in (1, 100, 10**6)]
    assert moved == pytest.approx([1 - 2**-0.75, 1 - 101**-0.75, 0.99])


def test_frozen_weights_stay_as_they_are() -> None:
    weight = torch.randn(1000, generator=torch.Generator().manual_seed(0))
    averaging = WarmUpAveraging()
    assert torch.equal(averaging._average(weight, weight.clone(), 7), weight)
