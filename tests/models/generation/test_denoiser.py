import pytest
import torch
from torch import Tensor

from callosal.models.generation.denoiser import JointDenoiser


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
