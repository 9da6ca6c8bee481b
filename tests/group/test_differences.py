"""Effects, intervals and false discoveries against scipy and against what was drawn."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from callosal.pipelines.group.differences import compare, difference
from callosal.pipelines.group.people import by_trait, people_of
from callosal.pipelines.group.table import collect
from tests.group.made_group import THINNER, make_group


def test_the_difference_is_that_of_welch() -> None:
    random = np.random.default_rng(1)
    first, second = random.normal(10, 2, 14), random.normal(12, 4, 9)
    found = difference(first, second)
    assert found is not None
    test = stats.ttest_ind(first, second, equal_var=False)
    assert float(found.p) == pytest.approx(test.pvalue)
    assert found.low < found.difference < found.high
    assert float(found.difference) == pytest.approx(first.mean() - second.mean())


def test_hedges_g_has_no_bias_and_its_interval_covers() -> None:
    random = np.random.default_rng(2)
    found = difference(random.normal(0.8, 1, (8, 4000)), random.normal(0, 1, (8, 4000)))
    assert found is not None
    assert found.effect.mean() == pytest.approx(0.8, abs=0.03)
    covered = (found.effect_low <= 0.8) & (found.effect_high >= 0.8)
    assert covered.mean() == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize("first", [[1.0, 2.0], [1.0, 1.0, 1.0]])
def test_too_few_or_equal_values_are_not_compared(first: list[float]) -> None:
    assert difference(np.array(first), np.array([1.0, 1.0, 1.0])) is None


def test_the_map_shows_where_a_group_is_thinner_and_sessions_count_once(tmp_path: Path) -> None:
    table = collect(*make_group(tmp_path))
    groups = by_trait(people_of(table), "group")
    found = compare(("a", "b"), (groups["a"], groups["b"]), table.measures)
    assert found.profile is not None
    assert found.profile_q is not None
    assert found.profile.n == (8, 8)  # participants, not their 32 images
    inside = np.zeros(100, dtype=bool)
    inside[THINNER] = True
    assert (found.profile_q[inside] < 0.05).mean() > 0.95
    assert (found.profile_q[~inside] < 0.05).mean() < 0.1
    assert (found.profile.effect[inside] > 0).all()
    np.testing.assert_allclose(found.profile.difference[inside].mean(), 2.0, atol=0.4)
    assert found.q["cc_index"] >= float(found.measures["cc_index"].p)
