import copy

import pytest
import torch
from torch import nn

from callosal.export.vector_lanes import fill_vector_lanes, narrowed
from callosal.models.attention_unet import AttentionUNet
from callosal.models.bisenetv2 import BiSeNetV2
from callosal.models.blocks import SubPixelConv
from callosal.models.vit import ViTSegmenter

NETWORKS = {
    "AttentionUNet": lambda: AttentionUNet(widths=(8, 16, 24)),
    "BiSeNetV2, detail at 1/2": lambda: BiSeNetV2((8,), (8, 8, 16, 16), expansion=2),
    "BiSeNetV2, detail at 1/4": lambda: BiSeNetV2((8, 16), (8, 8, 16, 16), expansion=2),
    "ViTSegmenter": lambda: ViTSegmenter(32, depth=1, heads=4, stem_widths=(8, 16, 24)),
}


@pytest.fixture(params=NETWORKS.values(), ids=NETWORKS)
def net(request: pytest.FixtureRequest) -> nn.Module:
    torch.manual_seed(0)
    return request.param().eval()


@pytest.mark.parametrize("size", [(64, 96), (97, 130)])
def test_the_answer_stays_and_so_does_the_network(net: nn.Module, size: tuple[int, int]) -> None:
    before = copy.deepcopy(net.state_dict())
    image = torch.randn(2, 1, *size)
    with torch.inference_mode():
        torch.testing.assert_close(fill_vector_lanes(net)(image), net(image), atol=1e-5, rtol=0)
    after = net.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_heads_and_gates_fill_vectors() -> None:
    filled = fill_vector_lanes(nn.Sequential(AttentionUNet(widths=(16, 32))))[0]
    assert filled.head.out_channels == 16
    assert filled.gates[0].to_weight.out_channels == 16


def test_a_head_that_fills_them_is_left_alone() -> None:
    head = SubPixelConv(8, 4)
    kept = fill_vector_lanes(nn.Sequential(head))[0]
    assert torch.equal(kept.weight, head.weight)
    assert kept.stride == (1, 1)


def test_what_was_filled_is_narrowed_to_what_it_was() -> None:
    net = AttentionUNet(widths=(8, 16, 24))
    filled = dict(fill_vector_lanes(net).named_parameters())
    narrow = {name: one for name, one in net.named_parameters() if one.shape != filled[name].shape}
    assert {name.rsplit(".", 1)[0] for name in narrow} == {
        "gates.0.to_weight", "gates.1.to_weight", "head"
    }  # fmt: skip
    for name, parameter in narrow.items():
        assert torch.equal(narrowed(filled[name], parameter.shape), parameter), name


def test_what_was_not_made_by_filling_is_not_narrowed() -> None:
    assert narrowed(torch.zeros(24, 8, 3, 3), torch.Size((16, 8, 3, 3))) is None
