"""Which values of a measure lie far from the others of their run."""

from collections.abc import Sequence

import numpy as np

CUTOFF = 3.5
"""Modified z-score beyond which a value is marked (Iglewicz and Hoaglin 1993)."""

FEWEST = 12
"""With fewer values nothing is marked, because they have no clear centre."""


def far_from_median(values: Sequence[float | None]) -> list[bool]:
    """Marks values whose modified z-score is beyond 3.5.

    The score is the distance from the median over 1.4826 times the median distance; if more than
    half of the values are equal, over 1.2533 times the mean distance instead, following Iglewicz
    and Hoaglin ("How to detect and handle outliers", 1993).

    Args:
        values: One measure of all cases; None is never marked.

    >>> far_from_median([*range(12), 60, None])[-3:]
    [False, True, False]
    """
    known = np.array([value for value in values if value is not None], dtype=float)
    if len(known) < FEWEST:
        return [False] * len(values)
    middle = float(np.median(known))
    distance = np.abs(known - middle)
    scale = float(1.4826 * np.median(distance)) or float(1.2533 * distance.mean())
    if scale == 0:
        return [False] * len(values)
    return [value is not None and abs(value - middle) / scale > CUTOFF for value in values]
