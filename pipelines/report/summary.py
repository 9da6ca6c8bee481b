"""A whole run in a few figures."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from callosal.pipelines.report.run_folder import ReportedCase

STATUSES = ("ok", "low_confidence", "no_callosum", "failed", "rejected", "skipped")


@dataclass(frozen=True)
class Distribution:
    """Middle and range of a measure.

    Attributes:
        n: Values that were measured.
        median: Their median.
        low: 5th percentile.
        high: 95th percentile.
    """

    n: int
    median: float
    low: float
    high: float


def status_counts(cases: Iterable[ReportedCase]) -> dict[str, int]:
    """Cases by status: the known ones in their order, then any other."""
    found = Counter(case.texts["status"] for case in cases)
    return {name: found.pop(name, 0) for name in STATUSES} | dict(sorted(found.items()))


def distribution(values: Iterable[float | None]) -> Distribution | None:
    """Median, 5th and 95th percentile of the measured values; None without any."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    low, median, high = (float(value) for value in np.percentile(known, [5, 50, 95]))
    return Distribution(len(known), median, low, high)


def stage_timings_ms(cases: Sequence[ReportedCase]) -> dict[str, Distribution]:
    """Milliseconds of each stage over the cases that ran it, in the order of the stages."""
    stages = dict.fromkeys(stage for case in cases for stage in case.timings_ms)
    spreads = {
        stage: distribution(case.timings_ms.get(stage) for case in cases) for stage in stages
    }
    return {stage: found for stage, found in spreads.items() if found is not None}
