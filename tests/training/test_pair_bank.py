import numpy as np
import pytest

from callosal.models.errors import DataError
from callosal.pipelines.datasets.slice_bank import LabelledSlice
from callosal.pipelines.training.pair_bank import REACH_MM, make_pair_bank, signed_distance_mm


def _disc(center: tuple[float, float], radius_mm: float = 12.0) -> LabelledSlice:
    """A disc at (x, y) mm from the centre of a slice of 160 mm, columns twice as far apart."""
    y = (np.arange(160) - 79.5)[:, None]
    x = ((np.arange(80) - 39.5) * 2)[None]
    disc = np.hypot(x - center[0], y - center[1]) < radius_mm
    return LabelledSlice("a", "s", disc * 900.0, disc.astype(np.uint8), (1.0, 2.0))


def test_distances_are_in_mm_and_signed() -> None:
    one = _disc((0, 0))
    distance = signed_distance_mm(one.mask, one.spacing_mm)
    y = (np.arange(160) - 79.5)[:, None]
    x = ((np.arange(80) - 39.5) * 2)[None]
    expected = np.clip(12.0 - np.hypot(x, y), -REACH_MM, REACH_MM)
    assert np.abs(distance - expected).max() < 1.2
    assert ((distance > 0) == (one.mask > 0)).all()


def test_the_bank_keeps_distances_centres_and_areas() -> None:
    bank = make_pair_bank([_disc((10, -6)), _disc((0, 4))], None, 1.0, 128)
    assert bank.centers_mm[0] == pytest.approx([10, -6], abs=0.3)
    assert (bank.distances_mm[1] > 0).sum() == pytest.approx(np.pi * 144, rel=0.05)
    assert bank.distances_mm.min() == -REACH_MM
    assert bank.labelled.all()


def test_slices_without_their_label_show_nothing_of_it() -> None:
    discs = [_disc((x, 0)) for x in (0.0, 30.0, 8.0, 20.0)]
    bank = make_pair_bank(discs, 2, 1.0, 128)
    assert bank.labelled.tolist() == [True, False, True, False]
    assert (bank.distances_mm[1] == -REACH_MM).all()
    assert bank.centers_mm[1] == pytest.approx([4, 0], abs=0.3)


@pytest.mark.parametrize("labelled", [None, 0])
def test_nothing_to_learn_from_is_refused(labelled: int | None) -> None:
    slices = [] if labelled is None else [_disc((0, 0))]
    with pytest.raises(DataError, match="at least one labelled slice"):
        make_pair_bank(slices, labelled, 1.0, 64)
