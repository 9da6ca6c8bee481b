"""Checks on the places of the slices of a stack: even, complete, straight.

Tolerances: slice distances may differ by SPACING_TOLERANCE of their size or by
SPACING_TOLERANCE_MM, whichever is more, as in highdicom; the whole stack may lean by
SHEAR_TOLERANCE_MM. MR scanners write positions to a micrometre, anonymisers to 1e-3 mm.
"""

import numpy as np
from numpy.typing import NDArray

from callosal.models.errors import InputError

SPACING_TOLERANCE = 0.01
SPACING_TOLERANCE_MM = 0.01
SHEAR_TOLERANCE_MM = 0.1
MIN_SLICE_SPACING_MM = 0.05

Array = NDArray[np.float64]


def measure_spacing(positions_lps_mm: Array, normal: Array) -> float:
    """Distance between the slices of a stack, after all checks.

    Args:
        positions_lps_mm: Positions of the first pixels, shape (N, 3) with N > 1, ordered
            along the normal.
        normal: Unit normal of the slices, shape (3,).

    Returns:
        Mean distance of neighbours in mm.

    Raises:
        InputError: `missing_slices`, `uneven_spacing` or `sheared_stack`.

    >>> places = np.arange(4.0)[:, None] * [0.0, 0.0, 1.5]
    >>> measure_spacing(places, np.array([0.0, 0.0, 1.0]))
    1.5
    """
    along = positions_lps_mm @ normal
    gaps = np.diff(along)
    _check_gaps(gaps)
    drift = positions_lps_mm - positions_lps_mm[0] - np.outer(along - along[0], normal)
    lean_mm = float(np.linalg.norm(drift, axis=1).max())
    if lean_mm > SHEAR_TOLERANCE_MM:
        raise InputError(
            f"the slices are shifted sideways by up to {lean_mm:.2f} mm (gantry tilt or moved "
            "slices); resample the series",
            "sheared_stack",
        )
    return float((along[-1] - along[0]) / len(gaps))


def find_duplicates(along_mm: Array) -> list[list[int]]:
    """Group ordered places along the normal that are the same within SPACING_TOLERANCE_MM.

    >>> find_duplicates(np.array([0.0, 1.0, 1.0, 2.0]))
    [[0], [1, 2], [3]]
    """
    starts = np.flatnonzero(np.diff(along_mm, prepend=-np.inf) > SPACING_TOLERANCE_MM)
    return [group.tolist() for group in np.split(np.arange(len(along_mm)), starts[1:])]


def _check_gaps(gaps: Array) -> None:
    smallest = float(gaps.min())
    near_smallest = gaps[gaps <= 1.5 * smallest]
    base = max(float(np.median(near_smallest)), MIN_SLICE_SPACING_MM)
    steps = np.maximum(np.round(gaps / base), 1)
    tolerance = max(SPACING_TOLERANCE * base, SPACING_TOLERANCE_MM)
    if (np.abs(gaps - steps * base) > tolerance * steps).any():
        raise InputError(
            f"slice distances vary from {smallest:.3f} to {gaps.max():.3f} mm; only even stacks "
            "are read",
            "uneven_spacing",
        )
    n_missing = int((steps - 1).sum())
    if n_missing:
        first = int(np.argmax(steps > 1)) + 1
        raise InputError(
            f"{n_missing} of {n_missing + len(gaps) + 1} slices are missing, the first after "
            f"slice {first}; complete the series",
            "missing_slices",
        )
