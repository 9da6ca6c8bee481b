import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callosal.pipelines.report.outliers import FEWEST, far_from_median


def test_a_planted_value_is_marked_and_the_rest_are_not():
    values = [*np.random.default_rng(0).normal(640, 60, 200).clip(500, 780), 1300.0, None]
    assert far_from_median(values) == [False] * 200 + [True, False]


def test_few_values_are_never_marked():
    assert far_from_median([0.0] * (FEWEST - 2) + [99.0]) == [False] * (FEWEST - 1)


def test_where_most_values_are_equal_the_mean_distance_counts():
    marks = far_from_median([1.0] * 50 + [0.5])
    assert marks == [False] * 50 + [True]
    assert far_from_median([1.0] * 50) == [False] * 50


@given(
    st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=FEWEST, max_size=60),
    st.sampled_from([0.25, 2.0, -4.0]),
)
def test_marks_do_not_depend_on_the_unit(values, factor):
    scaled = [None if value is None else value * factor for value in values]
    assert far_from_median(scaled) == far_from_median(values)


@pytest.mark.parametrize("values", [[], [None] * 20])
def test_nothing_measured_marks_nothing(values):
    assert far_from_median(values) == [False] * len(values)
