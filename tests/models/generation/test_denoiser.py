import pytest
import torch
from torch import Tensor

from callosal.models.generation.denoiser import OLD_NAMES, JointDenoiser


@pytest.fixture
def net() -> JointDenoiser:
    torch.manual_seed(0)
    net = JointDenoiser(channels=3, widths=(8, 16), depth=1).eval()
    for weight in net.parameters():
        torch.nn.init.normal_(weight, std=0.2)
    return net


def _inputs(count: int, height: int, width: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return (
        torch.randn(count, 3, height, width, generator=generator),
        torch.rand(count, 2, generator=generator),
        torch.randn(count, 4, generator=generator),
        torch.ones(count, 4),
    )


@pytest.mark.parametrize("size", [(1, 16, 16), (3, 24, 40)])
def test_any_multiple_of_eight_goes_through(net: JointDenoiser, size: tuple[int, ...]) -> None:
    sample, *others = _inputs(*size)
    assert net(sample, *others).shape == sample.shape


def test_what_is_not_given_is_not_seen(net: JointDenoiser) -> None:
    sample, times, condition, given = _inputs(2, 16, 16)
    given[:, 1] = 0
    changed = condition.clone()
    changed[:, 1] += 5
    same = net(sample, times, changed, given)
    torch.testing.assert_close(net(sample, times, condition, given), same)
    changed[:, 0] += 5
    assert (net(sample, times, changed, given) - same).abs().max() > 1e-3


@pytest.mark.parametrize("column", [0, 1])
def test_both_times_count(net: JointDenoiser, column: int) -> None:
    sample, times, condition, given = _inputs(2, 16, 16)
    other = times.clone()
    other[:, column] = 1 - other[:, column]
    difference = net(sample, times, condition, given) - net(sample, other, condition, given)
    assert difference.abs().max() > 1e-3


def test_items_do_not_mix(net: JointDenoiser) -> None:
    inputs = _inputs(3, 16, 16)
    alone = net(*(value[1:2] for value in inputs))
    torch.testing.assert_close(net(*inputs)[1:2], alone, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("widths", [(8,), (8, 12), (12, 16)])
def test_odd_widths_are_refused(widths: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="multiples of 8"):
        JointDenoiser(widths=widths)


def test_weights_of_before_diffusers_blocks_are_read(net: JointDenoiser) -> None:
    names = {new: old for old, new in OLD_NAMES.items()}
    old = {
        ".".join(names.get(part, part) for part in name.split(".")): weight
        for name, weight in net.state_dict().items()
        if not name.startswith("attention.")
    }
    now = net.attention.state_dict()
    for kind in ("weight", "bias"):
        old[f"attention.norm.{kind}"] = now[f"group_norm.{kind}"]
        parts = torch.cat([now[f"{layer}.{kind}"] for layer in ("to_q", "to_k", "to_v")])
        out = now[f"to_out.0.{kind}"]
        old[f"attention.to_qkv.{kind}"] = parts[..., None, None] if kind == "weight" else parts
        old[f"attention.to_out.{kind}"] = out[..., None, None] if kind == "weight" else out
    assert set(old) >= {"middle.norm_in.weight", "down.0.0.modulation.bias", "norm.weight"}
    again = JointDenoiser(channels=3, widths=(8, 16), depth=1).eval()
    again.load_state_dict(old)
    inputs = _inputs(2, 16, 16)
    torch.testing.assert_close(again(*inputs), net(*inputs), atol=0, rtol=0)


def test_a_new_network_answers_zero_and_its_blocks_are_shortcuts() -> None:
    net = JointDenoiser(channels=3, widths=(8, 16), depth=1).eval()
    assert (net(*_inputs(1, 16, 16)) == 0).all()
    x = torch.randn(1, 16, 4, 4)
    assert torch.equal(net.middle(net.attention(x), torch.randn(1, 32)), x)
