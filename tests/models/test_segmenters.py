"""The contract every segmenter keeps."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from callosal.models.attention_unet import AttentionUNet
from callosal.models.bisenetv2 import BiSeNetV2
from callosal.models.segmentation_module import DeeplySupervised
from callosal.models.vit import ViTSegmenter

Make = Callable[[], nn.Module]

SMALL: dict[str, Make] = {
    "AttentionUNet": lambda: AttentionUNet(widths=(8, 16, 24, 32)),
    "BiSeNetV2": lambda: BiSeNetV2((8, 16), (8, 8, 16, 16), expansion=2),
    "BiSeNetV2 at 1/8": lambda: BiSeNetV2((8, 16, 16), (8, 8, 16, 16), expansion=2),
    "ViTSegmenter": lambda: ViTSegmenter(32, depth=2, heads=4, stem_widths=(8, 16, 24)),
    "ViTSegmenter of patches": lambda: ViTSegmenter(32, depth=1, heads=4, stem_widths=()),
}


@pytest.fixture(params=SMALL.values(), ids=SMALL)
def make(request: pytest.FixtureRequest) -> Make:
    return request.param


@pytest.fixture
def net(make: Make) -> nn.Module:
    torch.manual_seed(0)
    return make()


@pytest.mark.parametrize("size", [(64, 64), (97, 131), (200, 173), (256, 64)])
def test_any_size_from_64_gives_logits_of_that_size(net: nn.Module, size: tuple[int, int]) -> None:
    assert net.eval()(torch.randn(2, 1, *size)).shape == (2, 1, *size)


def test_every_parameter_gets_a_gradient(net: nn.Module) -> None:
    image = torch.randn(2, 1, 96, 80)
    if isinstance(net, DeeplySupervised):
        logits, auxiliary = net.with_auxiliary(image)
        assert all(answer.shape == logits.shape for answer in auxiliary)
        (logits.square().mean() + sum(answer.square().mean() for answer in auxiliary)).backward()
    else:
        net(image).square().mean().backward()
    dead = [
        name
        for name, value in net.named_parameters()
        if value.grad is None or not value.grad.abs().sum() > 0
    ]
    assert dead == []


def test_state_dict_round_trip_gives_equal_logits(net: nn.Module, make: Make) -> None:
    torch.manual_seed(1)
    twin = make()
    image = torch.randn(1, 1, 64, 80)
    assert not torch.allclose(net.eval()(image), twin.eval()(image))
    twin.load_state_dict(net.state_dict())
    assert torch.equal(net(image), twin(image))


def test_auxiliary_heads_do_not_change_the_answer() -> None:
    net = SMALL["BiSeNetV2"]().eval()
    image = torch.randn(1, 1, 70, 90)
    assert torch.allclose(net(image), net.with_auxiliary(image)[0])


@pytest.mark.parametrize("network", [AttentionUNet, BiSeNetV2, ViTSegmenter])
def test_shipped_size_stays_near_two_million_parameters(network: Make) -> None:
    assert 0.9e6 < sum(value.numel() for value in network().parameters()) < 2e6


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: AttentionUNet(widths=(16,)), "two or more levels"),
        (lambda: BiSeNetV2(detail_widths=()), "one to three stages"),
        (lambda: BiSeNetV2(semantic_widths=(8, 8)), "four stages"),
        (lambda: ViTSegmenter(50, heads=4), "must divide"),
        (lambda: ViTSegmenter(stem_widths=(8, 8)), "three widths or none"),
    ],
)
def test_sizes_that_make_no_network_are_refused(build: Make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()


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
