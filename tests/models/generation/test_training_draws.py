import pytest
import torch

from callosal.models.generation.objectives import RectifiedFlow
from callosal.models.generation.training_draws import draw_given, draw_times

COUNT = 20_000


def test_times_are_joint_independent_or_clean_in_their_shares() -> None:
    image, mask = draw_times(COUNT, RectifiedFlow(), 0.6, torch.Generator().manual_seed(0)).T
    share = {
        "joint": (image == mask).float().mean(),
        "image clean": (image == 0).float().mean(),
        "mask clean": (mask == 0).float().mean(),
    }
    assert share["joint"] == pytest.approx(0.6, abs=0.02)
    assert share["image clean"] == pytest.approx(0.1, abs=0.01)
    assert share["mask clean"] == pytest.approx(0.1, abs=0.01)


def test_all_joint() -> None:
    image, mask = draw_times(100, RectifiedFlow(), 1.0, torch.Generator().manual_seed(0)).T
    assert (image == mask).all()


def test_conditions_are_dropped_together_and_apart() -> None:
    given = draw_given(torch.zeros(COUNT, 4), 0.15, torch.Generator().manual_seed(0))
    shown = given.sum(1)
    # Of the 42.5 % that show a random subset, a sixteenth shows none and a sixteenth all.
    assert (shown == 0).float().mean() == pytest.approx(0.15 + 0.425 / 16, abs=0.01)
    assert (shown == 4).float().mean() == pytest.approx(0.425 + 0.425 / 16, abs=0.01)
    assert ((shown > 0) & (shown < 4)).any()
