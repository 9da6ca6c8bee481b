"""Splines against those of scipy."""

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from callosal.pipelines.geometry.splines import periodic_spline, spline_weights


@pytest.mark.parametrize("count", [2, 3, 4, 5, 60])
def test_weights_are_those_of_a_spline_without_knots_at_its_ends(count: int) -> None:
    rng = np.random.default_rng(count)
    knots = np.cumsum(rng.uniform(0.2, 3.0, count))
    at = np.linspace(knots[0], knots[-1], 97)
    expected = CubicSpline(knots, np.eye(count))(at)
    np.testing.assert_allclose(spline_weights(knots, at), expected, atol=1e-9)


@pytest.mark.parametrize("count", [3, 4, 7, 300, 5000])
def test_closed_curves_are_those_of_a_periodic_spline(count: int) -> None:
    rng = np.random.default_rng(count)
    values = rng.normal(size=(count, 2))
    closed = np.vstack([values, values[:1]])
    knots = np.r_[0, np.cumsum(rng.uniform(0.2, 3.0, count))]
    at = np.linspace(0, knots[-1], 500)
    expected = CubicSpline(knots, closed, bc_type="periodic")(at)
    np.testing.assert_allclose(periodic_spline(knots, closed, at), expected, atol=1e-8)


def test_a_ragged_outline_takes_no_dense_matrix() -> None:
    # 20,000 knots would take 3 GB and minutes.
    values = np.random.default_rng(0).normal(size=(20_000, 2))
    closed = np.vstack([values, values[:1]])
    knots = np.arange(20_001.0)
    np.testing.assert_allclose(periodic_spline(knots, closed, knots[:-1]), values, atol=1e-9)
