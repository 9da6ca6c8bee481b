"""The line finds a known slope; centiles are those of the values near each age."""

import numpy as np
import pytest

from callosal.pipelines.group.age_curves import FEWEST_OF_CENTILES, age_curve


def test_the_slope_and_its_interval() -> None:
    random = np.random.default_rng(3)
    ages = random.uniform(20, 80, 40)
    curve = age_curve(ages, 700 - 1.5 * ages + random.normal(0, 20, 40))
    assert curve is not None
    assert curve.slope_low < -1.5 < curve.slope_high
    assert curve.slope == pytest.approx(-1.5, abs=0.5)


def test_centiles_follow_a_spread_that_grows_with_age() -> None:
    random = np.random.default_rng(4)
    ages = random.uniform(20, 80, 3000)
    sd = 10 + (ages - 20)
    curve = age_curve(ages, 600 + sd * random.normal(0, 1, 3000))
    assert curve is not None
    assert curve.centiles is not None
    at = np.array([10, 20, 30])
    wanted = 600 + np.array([-1.645, 0.0, 1.645])[:, None] * (10 + curve.ages[at] - 20)
    np.testing.assert_allclose(curve.centiles[[0, 2, 4]][:, at], wanted, atol=8)
    assert (np.diff(curve.centiles, axis=0) >= 0).all()


def test_few_participants_get_no_centiles_and_fewer_no_line() -> None:
    ages, values = np.arange(20.0, 20 + FEWEST_OF_CENTILES), np.ones(FEWEST_OF_CENTILES)
    few = age_curve(ages[:-1], values[:-1])
    assert few is not None
    assert few.centiles is None
    assert age_curve(ages[:4], values[:4]) is None
    assert age_curve(np.full(10, 50.0), values[:10]) is None


def test_a_lonely_age_has_no_centile() -> None:
    ages = np.r_[np.linspace(20, 40, 60), 90.0]
    curve = age_curve(ages, np.random.default_rng(5).normal(600, 30, 61))
    assert curve is not None
    assert curve.centiles is not None
    assert np.isfinite(curve.centiles[:, :8]).all()
    assert np.isnan(curve.centiles[:, -8:]).all()
