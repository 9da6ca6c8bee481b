"""Callosa are cut where they were asked to be, and painted over nowhere else."""

import numpy as np
import pytest

from callosal.models.errors import GeometryError
from callosal.pipelines.datasets.slice_bank import LabelledSlice
from callosal.pipelines.evaluation.partial_callosa import (
    MISSING,
    Lack,
    Shape,
    cut_outline_mm,
    kept_shares,
    painted_part,
)
from callosal.pipelines.geometry import polygon
from callosal.pipelines.phantom import phantom_slice
from tests.morphometry.bands import arch_outline, callosum_outline


@pytest.fixture(scope="module")
def whole() -> Shape:
    return Shape.of_outline(callosum_outline())


def test_an_arch_cut_in_the_middle_is_half_an_arch_with_a_round_end() -> None:
    arch = Shape.of_outline(arch_outline(length=90.0, thickness=6.0))
    half = cut_outline_mm(arch, 0.0, 0.5)
    # Half of the band, and half a disc of the same width at the cut.
    area = polygon.area_mm2(arch.outline_mm) / 2 + np.pi * 3.0**2 / 2
    assert polygon.area_mm2(half) == pytest.approx(area, rel=0.01)
    assert half[:, 0].min() == pytest.approx(-3.0, abs=0.3)
    rest = Shape.of_outline(half)
    # The round end counts: the midline goes on to its tip.
    assert rest.midline.length_mm == pytest.approx(arch.midline.length_mm / 2 + 3.0, abs=1.0)


@pytest.mark.parametrize("lack", Lack)
def test_each_lack_takes_its_part_and_leaves_the_rest(whole: Shape, lack: Lack) -> None:
    low, high = kept_shares(whole, lack, np.random.default_rng(0))
    assert (low > 0) == ("rostrum" in MISSING[lack])
    assert (high < 1) == ("splenium" in MISSING[lack])
    assert (high < 0.6) == ("posterior_half" in MISSING[lack])
    assert (low > 0.15) == ("genu" in MISSING[lack])
    cut = Shape.of_outline(cut_outline_mm(whole, low, high))
    share = cut.midline.length_mm / whole.midline.length_mm
    assert share == pytest.approx(high - low, abs=0.09)


def test_only_the_part_is_painted_over() -> None:
    image, mask = phantom_slice(1, (384, 384), 0.5)
    labelled = LabelledSlice("p", "s", image, mask, (0.5, 0.5))
    painted = painted_part(labelled, Shape.of_mask(labelled), 0.0, 0.8, seed=0)
    changed = painted != image.astype(np.float32)
    inside = mask.astype(bool)
    assert 0.05 < changed[inside].mean() < 0.5
    rows, columns = np.nonzero(changed & inside)
    kept = np.nonzero(~changed & inside)[1]
    # Anterior is on the left: what is gone lies behind what is left.
    assert columns.mean() > kept.mean() + 20
    far = np.zeros_like(inside)
    far[max(rows.min() - 10, 0) : rows.max() + 11, columns.min() - 10 : columns.max() + 11] = True
    np.testing.assert_array_equal(painted[~far], image.astype(np.float32)[~far])


def test_a_disc_has_no_midline_to_cut() -> None:
    turn = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    with pytest.raises(GeometryError):
        Shape.of_outline(np.stack([0 * turn, 0 * turn], axis=1))
