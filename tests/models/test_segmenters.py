"""The contract every segmenter keeps."""

import pytest
import torch
from torch import nn

from callosal.models.attention_unet import AttentionUNet


@pytest.fixture(params=[lambda: AttentionUNet(widths=(8, 16, 24, 32))], ids=["AttentionUNet"])
def net(request: pytest.FixtureRequest) -> nn.Module:
    torch.manual_seed(0)
    return request.param()


@pytest.mark.parametrize("size", [(64, 64), (97, 131), (200, 173), (256, 64)])
def test_any_size_from_64_gives_logits_of_that_size(net: nn.Module, size: tuple[int, int]) -> None:
    assert net.eval()(torch.randn(2, 1, *size)).shape == (2, 1, *size)


def test_every_parameter_gets_a_gradient(net: nn.Module) -> None:
    net(torch.randn(2, 1, 96, 80)).square().mean().backward()
    without = [name for name, value in net.named_parameters() if value.grad is None]
    dead = [name for name, value in net.named_parameters() if not value.grad.abs().sum() > 0]
    assert without == []
    assert dead == []


def test_state_dict_round_trip_gives_equal_logits(net: nn.Module) -> None:
    torch.manual_seed(1)
    twin = type(net)(widths=(8, 16, 24, 32))
    image = torch.randn(1, 1, 64, 80)
    assert not torch.allclose(net.eval()(image), twin.eval()(image))
    twin.load_state_dict(net.state_dict())
    assert torch.equal(net(image), twin(image))


def test_shipped_size_stays_below_two_million_parameters() -> None:
    assert 1e6 < sum(value.numel() for value in AttentionUNet().parameters()) < 2e6


def test_too_few_levels_are_refused() -> None:
    with pytest.raises(ValueError, match="two or more levels"):
        AttentionUNet(widths=(16,))


def test_a_gate_can_shut_its_skip() -> None:
    net = AttentionUNet(widths=(8, 16)).eval()
    gate = net.gates[0]
    skip = torch.randn(1, 8, 10, 10)
    with torch.no_grad():
        gate.to_weight.bias.fill_(-50.0)
        gate.to_weight.weight.zero_()
        assert gate(skip, skip).abs().max() < 1e-6
        gate.to_weight.bias.fill_(50.0)
        assert torch.allclose(gate(skip, skip), skip)
