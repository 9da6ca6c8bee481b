"""Figures over many cases: spread, bootstrap intervals, agreement of areas."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from callosal.pipelines.evaluation.measures import MEASURES, CaseMeasures

Figures = dict[str, float | list[float] | int | None]


def summarise(cases: Sequence[CaseMeasures]) -> dict[str, Figures | float | int | None]:
    """Spread of every measure, the number of cases and of misses, and the area's ICC."""
    rows = [case.as_row() for case in cases]
    table: dict[str, Figures | float | int | None] = {
        name: spread([row[name] for row in rows]) for name in MEASURES
    }
    table["n"] = len(cases)
    table["below_0_90"] = sum(case.dice < 0.90 for case in cases)
    areas = np.array([[case.area_mm2, case.reference_area_mm2] for case in cases])
    table["area_icc"] = icc(areas) if len(areas) > 2 else None
    return table


def spread(values: Sequence[float | None]) -> Figures:
    """Mean with its bootstrap interval, median and extremes of the measured values.

    Returns:
        `mean`, `median`, `min`, `max`, `p95`, `ci95` (95 % interval of the mean from 2,000
        resamples with a fixed seed) and `missing`; None if nothing was measured.
    """
    known = np.array([value for value in values if value is not None], dtype=float)
    missing = len(values) - len(known)
    if not len(known):
        empty: Figures = dict.fromkeys(("mean", "median", "min", "max", "p95", "ci95"))
        return {**empty, "missing": missing}
    draws = np.random.default_rng(0).choice(known, (2000, len(known)))
    low, high = np.percentile(draws.mean(axis=1), [2.5, 97.5])
    return {
        "mean": _rounded(known.mean()),
        "median": _rounded(np.median(known)),
        "min": _rounded(known.min()),
        "max": _rounded(known.max()),
        "p95": _rounded(np.percentile(known, 95)),
        "ci95": [_rounded(low), _rounded(high)],
        "missing": missing,
    }


def icc(ratings: NDArray[np.float64]) -> float:
    """Intraclass correlation ICC(2,1), absolute agreement (Shrout and Fleiss 1979).

    Args:
        ratings: One row per subject, one column per method, shape (N, K), N and K at least 2.

    Example:
        >>> round(icc(np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])), 3)
        1.0
    """
    count, methods = ratings.shape
    mean = ratings.mean()
    by_subject, by_method = ratings.mean(axis=1), ratings.mean(axis=0)
    between_subjects = methods * ((by_subject - mean) ** 2).sum() / (count - 1)
    between_methods = count * ((by_method - mean) ** 2).sum() / (methods - 1)
    residual = ratings - by_subject[:, None] - by_method[None] + mean
    error = (residual**2).sum() / ((count - 1) * (methods - 1))
    total = between_subjects + (methods - 1) * error + methods * (between_methods - error) / count
    return float((between_subjects - error) / total)


def _rounded(value: float | np.floating) -> float:
    return round(float(value), 5)
