"""How much a measure changes over visits, with its uncertainty."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from callosal.pipelines.longitudinal.common_measures import FEWEST_SLICES

Array = NDArray[np.float64]

_CONFIDENCE: Final = 0.95

_LEAST_SHARE: Final = 0.003
"""What all slices get wrong alike, as a share of the mean."""

_SHARE_OF_CHANGE: Final = 0.3
"""And as a share of the change: where the border of the callosum is not seen it follows its
neighbours, so of heads that shrank by a known 1 % too much or too little is found."""


@dataclass(frozen=True)
class Estimate:
    """A number with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Change:
    """The change of one measure.

    Attributes:
        mean: Mean over the visits.
        total: Last visit minus first.
        total_pct: `total` in percent of the mean of these two visits.
        rate: Slope of the least-squares line through all visits.
        rate_pct: `rate` in percent of the mean over the visits.
        per: Unit of time of the rate: a year if the dates are known, else the step from one
            session to the next.
    """

    mean: float
    total: Estimate
    total_pct: Estimate
    rate: Estimate
    rate_pct: Estimate
    per: Literal["year", "session"]


def change_of(values: ArrayLike, years: Sequence[float] | None) -> Change | None:
    """The change of a measure that was taken on several slices of each visit.

    The slices of a visit are cut side by side, and what their changes differ by is what a slice
    could not settle: the interval is that of the mean of the slices by Student's t. On heads that
    were scanned twice in simulation it held more than it says
    (`benchmarks/accuracy/longitudinal_precision.py`). What slices get wrong alike is added, 0.3 %
    of the mean and 30 % of the change, and with three visits or more the scatter about the line.

    Args:
        values: The measure, shape (visits, slices), NaN where it could not be taken.
        years: Years from the first visit to each visit; None if the dates are not known.

    Returns:
        The change; None if fewer than three slices have the measure on every visit.
    """
    table = np.asarray(values, dtype=float)
    table = table[:, np.isfinite(table).all(axis=0)]
    n_visits, n_slices = table.shape
    if n_slices < FEWEST_SLICES:
        return None
    times = np.arange(n_visits, dtype=float) if years is None else np.asarray(years, dtype=float)
    means = table.mean(axis=1)
    mean = float(means.mean())
    reach = float(stats.t.ppf((1 + _CONFIDENCE) / 2, n_slices - 1)) / n_slices**0.5
    first, last = int(np.argmin(times)), int(np.argmax(times))
    totals = table[last] - table[first]
    common = _LEAST_SHARE * mean, _SHARE_OF_CHANGE * float(totals.mean())
    error = float(np.linalg.norm([reach * totals.std(ddof=1), *common]))
    total = _estimate(float(totals.mean()), error)
    slopes = _slopes(times, table)
    scatter = _slope_error(times, means)
    least = _LEAST_SHARE * mean / float(np.ptp(times)), _SHARE_OF_CHANGE * float(slopes.mean())
    errors = reach * float(slopes.std(ddof=1)), scatter, *least
    rate = _estimate(float(slopes.mean()), float(np.linalg.norm(errors)))
    return Change(
        mean=mean,
        total=total,
        total_pct=_percent(total, float(means[[first, last]].mean())),
        rate=rate,
        rate_pct=_percent(rate, mean),
        per="session" if years is None else "year",
    )


def _slopes(times: Array, table: Array) -> Array:
    """Slope of each slice, shape (slices,)."""
    centred = times - times.mean()
    return np.asarray(centred @ table / (centred @ centred))


def _slope_error(times: Array, means: Array) -> float:
    """Half-width of the slope's 95 % interval from the scatter about the line; 0 for two visits."""
    n_free = len(times) - 2
    if n_free < 1:
        return 0.0
    error = float(stats.linregress(times, means).stderr)
    return float(stats.t.ppf((1 + _CONFIDENCE) / 2, n_free)) * error


def _estimate(value: float, reach: float) -> Estimate:
    return Estimate(value, value - reach, value + reach)


def _percent(found: Estimate, whole: float) -> Estimate:
    share = 100 / whole if whole else float("nan")
    ends = sorted((found.low * share, found.high * share))
    return Estimate(found.value * share, *ends)
