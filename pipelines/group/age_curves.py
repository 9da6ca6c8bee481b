"""How a measure goes with age: a line, and centiles where there are enough participants."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Array = NDArray[np.float64]

CENTILES = (5, 25, 50, 75, 95)
FEWEST_OF_A_LINE = 5
FEWEST_OF_CENTILES = 30
"""Participants without whom the outer centiles would be those of one or two people."""

NEIGHBOURS = 12.0
"""Effective number of participants that a centile at an age must rest on; less is not drawn."""

_STEPS = 41


@dataclass(frozen=True, eq=False)
class AgeCurve:
    """A measure over age.

    Attributes:
        ages: Ages at which the curves are given, shape (A,).
        line: The straight line of least squares there, shape (A,).
        slope: Its slope per year.
        slope_low: Lower end of the 95 % interval of the slope.
        slope_high: Upper end.
        centiles: 5th to 95th centile there, shape (5, A), NaN where too few are near; None with
            too few participants.
    """

    ages: Array
    line: Array
    slope: float
    slope_low: float
    slope_high: float
    centiles: Array | None


def age_curve(ages: ArrayLike, values: ArrayLike) -> AgeCurve | None:
    """The curve of a measure; None with fewer than 5 participants or if all are of one age.

    Centiles are those of the values weighted by the nearness in age, with a Gaussian whose width
    follows Silverman (1986). They describe the participants at hand and no population.

    Args:
        ages: In years.
        values: The measure of each participant.
    """
    x, y = np.asarray(ages, dtype=float), np.asarray(values, dtype=float)
    if len(x) < FEWEST_OF_A_LINE or np.ptp(x) == 0:
        return None
    fit = stats.linregress(x, y)
    reach = float(stats.t.ppf(0.975, len(x) - 2)) * float(fit.stderr)
    grid = np.linspace(x.min(), x.max(), _STEPS)
    return AgeCurve(
        ages=grid,
        line=fit.intercept + fit.slope * grid,
        slope=float(fit.slope),
        slope_low=float(fit.slope) - reach,
        slope_high=float(fit.slope) + reach,
        centiles=_centiles(x, y, grid) if len(x) >= FEWEST_OF_CENTILES else None,
    )


def _centiles(x: Array, y: Array, grid: Array) -> Array:
    spread = min(float(x.std(ddof=1)), float(np.subtract(*np.percentile(x, [75, 25]))) / 1.34)
    width = 0.9 * (spread or float(x.std(ddof=1))) * len(x) ** -0.2
    weights = np.exp(-0.5 * ((grid[:, None] - x) / width) ** 2)
    found = np.full((len(CENTILES), len(grid)), np.nan)
    order = np.argsort(y)
    for index, weight in enumerate(weights):
        if weight.sum() ** 2 / (weight**2).sum() >= NEIGHBOURS:
            share = (np.cumsum(weight[order]) - 0.5 * weight[order]) / weight.sum()
            found[:, index] = np.interp(np.array(CENTILES) / 100, share, y[order])
    return found
