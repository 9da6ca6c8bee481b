import pytest
import torch
from diffusers.training_utils import EMAModel

from callosal.pipelines.training.callbacks.averaging import WarmUpAveraging


def _moved(averaging: WarmUpAveraging, count: int) -> float:
    averaged = [torch.zeros(1)]
    averaging._average(averaged, [torch.ones(1)], count)
    return averaged[0].item()


def test_the_decay_warms_up_to_its_limit() -> None:
    averaging = WarmUpAveraging(decay=0.99)
    moved = [_moved(averaging, count) for count in (1, 100, 10**6)]
    assert moved == pytest.approx([2**-0.75, 101**-0.75, 0.01])


def test_after_sixty_steps_hardly_anything_is_left_of_the_start() -> None:
    averaging, averaged = WarmUpAveraging(decay=0.998), [torch.zeros(1)]
    for count in range(1, 60):
        averaging._average(averaged, [torch.ones(1)], count)
    # A constant decay of 0.998 leaves 89 %.
    assert averaged[0].item() > 0.999


def test_frozen_weights_stay_as_they_are() -> None:
    weight = torch.randn(1000, generator=torch.Generator().manual_seed(0))
    averaged = [weight.clone()]
    for count in (1, 7, 10**6):
        WarmUpAveraging()._average(averaged, [weight.clone()], count)
        assert torch.equal(averaged[0], weight)


def test_counters_are_those_of_the_current_network() -> None:
    averaged = [torch.tensor(3)]
    WarmUpAveraging()._average(averaged, [torch.tensor(9)], 5)
    assert averaged[0].item() == 9


@pytest.mark.parametrize("decay", [0.9, 0.9999])
def test_the_decay_is_that_of_diffusers(decay: float) -> None:
    model = EMAModel([torch.zeros(1)], decay=decay, use_ema_warmup=True, power=0.75)
    for count in (1, 10, 10**4, 10**6):
        moved = _moved(WarmUpAveraging(decay=decay), count)
        assert moved == pytest.approx(1 - model.get_decay(count + 1), abs=1e-6)
