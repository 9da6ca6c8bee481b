"""Change and slope of a measure, in its own unit and in percent, with intervals."""

import numpy as np
import pytest

from callosal.pipelines.longitudinal.change import change_of


def visits(*means: float) -> np.ndarray:
    """Five slices a visit whose changes differ by a known spread."""
    rows = np.array(means)[:, None] + np.linspace(-2, 2, 5)
    rows[-1] += [1, -1, 0, 1, -1]
    return rows


def test_two_dated_visits_give_the_change_and_its_yearly_rate() -> None:
    found = change_of(visits(600, 594), [0.0, 2.0])
    assert found is not None
    assert found.per == "year"
    assert found.total.value == pytest.approx(-6.0)
    assert found.rate.value == pytest.approx(-3.0)
    assert found.total_pct.value == pytest.approx(-600 / 597)
    assert found.total.low < -6 < found.total.high < 0
    # The interval of a rate shrinks with the time between the visits.
    assert found.rate.high - found.rate.low == pytest.approx(
        (found.total.high - found.total.low) / 2
    )


def test_without_dates_it_is_per_session_and_order_of_dates_counts_with_them() -> None:
    found = change_of(visits(600, 597, 594), None)
    assert found is not None
    assert (found.per, round(found.rate.value, 6)) == ("session", -3.0)
    turned = change_of(visits(594, 600), [1.0, 0.0])
    assert turned is not None
    assert turned.total.value == pytest.approx(-6.0)


def test_scatter_about_the_line_widens_the_interval() -> None:
    straight = change_of(visits(600, 598, 596, 594), [0, 1, 2, 3])
    bent = change_of(visits(600, 590, 604, 594), [0, 1, 2, 3])
    assert straight is not None
    assert bent is not None
    assert bent.rate.high - bent.rate.low > 3 * (straight.rate.high - straight.rate.low)


def test_slices_that_one_visit_lacks_do_not_count() -> None:
    table = visits(600, 594)
    table[0, 0] = np.nan
    found = change_of(table, None)
    assert found is not None
    assert found.total.value == pytest.approx(np.mean([-7, -6, -5, -7]))
    table[1, 1:3] = np.nan
    assert change_of(table, None) is None
