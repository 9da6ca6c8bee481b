import numpy as np
import pytest

from callosal.pipelines.synthesis.quality.memorisation import (
    Space,
    find_neighbours,
    memorisation_figures,
)
from callosal.pipelines.synthesis.quality.window import Windows, cut_posed, field_of
from tests.synthesis.quality.phantoms import phantom_set, turned

TRAINING, HELD_OUT = phantom_set(0, 40), phantom_set(100, 40)
FIELD = field_of(TRAINING)


def _posed(slices: list) -> Windows:
    return cut_posed(slices, FIELD)


@pytest.mark.parametrize("space", ["pixels", "masks"])
def test_turned_and_brighter_copies_are_found(space: Space) -> None:
    copies = [turned(one, angle, 1.7) for one, angle in zip(TRAINING[:20], range(20), strict=True)]
    found = find_neighbours(_posed(copies), _posed(TRAINING), _posed(HELD_OUT), space)
    assert (found.nearest == np.arange(20)).all()
    figures = memorisation_figures(found)
    assert figures["copy_rate"] > 0.8
    assert figures["distance_ratio"] < 0.7
    assert figures["c_t"] < -3
    assert figures["p_copying"] < 0.001
    assert figures["nearer_to_training"] > 0.95


@pytest.mark.parametrize("space", ["pixels", "masks"])
def test_unseen_patients_are_no_copies(space: Space) -> None:
    unseen = _posed(phantom_set(200, 40))
    figures = memorisation_figures(
        find_neighbours(unseen, _posed(TRAINING), _posed(HELD_OUT), space)
    )
    assert figures["copy_rate"] <= 0.1
    assert 0.8 < figures["distance_ratio"] < 1.25
    assert abs(figures["c_t"]) < 3
    assert 0.2 < figures["nearer_to_training"] < 0.8
