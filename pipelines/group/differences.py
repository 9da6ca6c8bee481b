"""Differences between two groups: size, uncertainty, and which of many are no chance."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from callosal.pipelines.group.people import Person, profiles_of, values_of

Array = NDArray[np.float64]

FEWEST = 3
"""Participants that each of two groups must have to be compared."""


@dataclass(frozen=True, eq=False)
class Difference:
    """The first group minus the second, at one place or at many.

    Attributes:
        n: Participants of both groups.
        mean: Means of both groups, each of the shape of the places.
        sd: Standard deviations, likewise.
        difference: Difference of the means.
        low: Lower end of its 95 % interval.
        high: Upper end.
        effect: Hedges' g: the difference over the pooled standard deviation, without the bias of
            small samples (Hedges 1981).
        effect_low: Lower end of its 95 % interval, from its large-sample standard error.
        effect_high: Upper end.
        p: Of Welch's t test, two-sided.
    """

    n: tuple[int, int]
    mean: tuple[Array, Array]
    sd: tuple[Array, Array]
    difference: Array
    low: Array
    high: Array
    effect: Array
    effect_low: Array
    effect_high: Array
    p: Array


def difference(first: Array, second: Array) -> Difference | None:
    """Compare two groups.

    Args:
        first: Values of the first group, shape (N, ...).
        second: Values of the second group, shape (M, ...).

    Returns:
        The difference; None with fewer than 3 in a group, or if nothing varies.

    >>> import numpy as np
    >>> found = difference(np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0]))
    >>> round(float(found.difference), 3), round(float(found.effect), 3)
    (-3.0, -2.4)
    """
    n, m = len(first), len(second)
    if min(n, m) < FEWEST:
        return None
    deviations = first.std(axis=0, ddof=1), second.std(axis=0, ddof=1)
    pooled = np.sqrt(((n - 1) * deviations[0] ** 2 + (m - 1) * deviations[1] ** 2) / (n + m - 2))
    if not (pooled > 0).all():
        return None
    means = first.mean(axis=0), second.mean(axis=0)
    effect = (means[0] - means[1]) / pooled * (1 - 3 / (4 * (n + m) - 9))
    error = np.sqrt((n + m) / (n * m) + effect**2 / (2 * (n + m)))
    test = stats.ttest_ind(first, second, axis=0, equal_var=False)
    interval = test.confidence_interval(0.95)
    reach = stats.norm.ppf(0.975) * error
    return Difference(
        (n, m), means, deviations, means[0] - means[1], np.asarray(interval.low),
        np.asarray(interval.high), effect, effect - reach, effect + reach, np.asarray(test.pvalue),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two groups compared in every measure and along the midline.

    Attributes:
        groups: Names of both.
        measures: Differences by measure, without those that could not be compared.
        q: The p values of the measures after control of the false discovery rate among them.
        profile: Differences at the 100 places of the thickness profile; None if there are too few.
        profile_q: Its p values after control of the false discovery rate, shape (100,).
    """

    groups: tuple[str, str]
    measures: Mapping[str, Difference]
    q: Mapping[str, float]
    profile: Difference | None
    profile_q: Array | None


def compare(
    names: tuple[str, str], groups: tuple[Sequence[Person], Sequence[Person]],
    measures: Sequence[str],
) -> Comparison:  # fmt: skip
    """Compare two groups of participants.

    The false discovery rate is controlled by Benjamini and Hochberg (1995), among the measures and
    among the places of the profile, each by itself.

    Args:
        names: Names of the groups.
        groups: Their participants.
        measures: Names of the measures.
    """
    first, second = groups
    found = {name: difference(values_of(first, name), values_of(second, name)) for name in measures}
    known = {name: one for name, one in found.items() if one is not None}
    p = [float(one.p) for one in known.values()]
    q: Iterable[float] = stats.false_discovery_control(p) if p else ()
    profile = difference(profiles_of(first), profiles_of(second))
    return Comparison(
        groups=names,
        measures=known,
        q=dict(zip(known, map(float, q), strict=True)),
        profile=profile,
        profile_q=None if profile is None else stats.false_discovery_control(profile.p),
    )
