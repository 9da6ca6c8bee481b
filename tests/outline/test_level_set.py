import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from callosal.pipelines.geometry import polygon
from callosal.pipelines.outline.level_set import refined, trace


def test_a_diamond_of_one_pixel_crosses_half_way():
    values = np.zeros((3, 3))
    values[1, 1] = 1.0
    (loop,) = trace(values, 0.5)
    assert sorted(map(tuple, loop)) == [(0.5, 1.0), (1.0, 0.5), (1.0, 1.5), (1.5, 1.0)]


@pytest.mark.parametrize(("corner", "loops"), [(0.55, 2), (0.95, 1)])
def test_a_saddle_is_joined_when_its_mean_reaches_the_level(corner, loops):
    values = np.zeros((4, 4))
    values[1, 1] = values[2, 2] = corner
    values[1, 2] = values[2, 1] = 0.1
    assert len(trace(values, 0.5)) == loops


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(float, (7, 8), elements=st.floats(0, 1)))
def test_loops_are_closed_through_every_crossing_and_lie_between_the_pixels(values):
    values = np.pad(values, 1)
    loops = trace(values, 0.5)
    inside = values >= 0.5
    crossings = (inside[1:] != inside[:-1]).sum() + (inside[:, 1:] != inside[:, :-1]).sum()
    assert sum(map(len, loops)) == crossings
    for loop in loops:
        steps = np.abs(loop - np.roll(loop, 1, axis=0))
        assert np.isfinite(loop).all()
        assert (steps <= 1 + 1e-12).all()


def test_a_hole_runs_the_other_way_round():
    values = np.pad(np.ones((5, 5)), 1)
    values[3, 3] = 0.0
    areas = sorted(polygon.area_mm2(loop) for loop in trace(values, 0.5))
    assert areas[0] * areas[1] < 0


def test_refining_keeps_the_given_points():
    values = np.random.default_rng(0).random((5, 6))
    fine = refined(values, np.array([3, 2]))
    assert fine.shape == (13, 11)
    np.testing.assert_allclose(fine[::3, ::2], values, atol=1e-9)
