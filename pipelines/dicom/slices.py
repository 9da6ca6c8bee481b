"""The grid that the slices of a stack lie on: even, straight, complete but for small gaps.

Tolerances: slice distances may differ by SPACING_TOLERANCE of their size or by
SPACING_TOLERANCE_MM, whichever is more, as in highdicom; the whole stack may lean by
SHEAR_TOLERANCE_MM. MR scanners write positions to a micrometre, anonymisers to 1e-3 mm. Where all
positions or directions are rounded more than that, what rounding alone explains is allowed too.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from callosal.models.errors import InputError

SPACING_TOLERANCE = 0.01
SPACING_TOLERANCE_MM = 0.01
SHEAR_TOLERANCE_MM = 0.1
MIN_SLICE_SPACING_MM = 0.05

MAX_GAP_SLICES = 2
"""Most slices in a row that are filled in from their neighbours."""

MAX_GAP_MM = 6.0
"""Longest distance between two neighbours that is filled: beyond it anatomy is not in between."""

MAX_FILLED_SHARE = 0.1
"""Most slices of a stack that are filled in; MAX_GAP_SLICES of a short one."""

_ROUNDINGS_MM = (0.1, 0.05, 0.01)
_ROUNDED_COSINES = (1e-3, 1e-4)
_WORST_CORNER = np.sqrt(3) / 2  # a point rounded along three axes is off by this times the step
_LEAST_STEPS = 4.0  # slice distance in steps of rounding, below which slices coincide

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SliceLine:
    """Equally spaced places on a straight line.

    Attributes:
        places: Index on the line of each slice, growing from 0.
        origin_lps_mm: Place 0, shape (3,).
        step_lps_mm: From one place to the next, shape (3,).
        rounding_mm: Step to which all positions are rounded, 0 where that moves none of them.
    """

    places: NDArray[np.int64]
    origin_lps_mm: Array
    step_lps_mm: Array
    rounding_mm: float

    @property
    def spacing_mm(self) -> float:
        """Distance of neighbouring places."""
        return float(np.linalg.norm(self.step_lps_mm))

    @property
    def missing(self) -> list[int]:
        """Places without a slice."""
        return sorted({*range(int(self.places[-1]) + 1)} - {*self.places.tolist()})


def fit_line(positions_lps_mm: Array, normal: Array, slack_rad: float = 0.0) -> SliceLine:
    """Find the places of the slices of a stack, after all checks but that for gaps.

    Args:
        positions_lps_mm: Positions of the first pixels, shape (N, 3) with N > 1, ordered
            along the normal, all different.
        normal: Unit normal of the slices, shape (3,).
        slack_rad: How uncertain the normal is.

    Raises:
        InputError: `uneven_spacing` or `sheared_stack`.

    >>> heights = np.array([0.0, 1.5, 3.0, 6.0])
    >>> line = fit_line(heights[:, None] * [0.0, 0.0, 1.0], np.array([0.0, 0.0, 1.0]))
    >>> line.spacing_mm, line.missing
    (1.5, [3])
    """
    along = positions_lps_mm @ normal
    rounding_mm = rounding_of_positions_mm(positions_lps_mm)
    places = find_places(along, rounding_mm)
    drift = positions_lps_mm - positions_lps_mm[0] - np.outer(along - along[0], normal)
    lean_mm = float(np.linalg.norm(drift, axis=1).max())
    allowed_mm = SHEAR_TOLERANCE_MM + 2 * rounding_mm + slack_rad * float(along[-1] - along[0])
    if lean_mm > allowed_mm:
        raise InputError(
            f"the slices are shifted sideways by up to {lean_mm:.2f} mm (gantry tilt or moved "
            "slices); resample the series",
            "sheared_stack",
        )
    exact = np.outer(along - along[0] - places * (along[-1] - along[0]) / places[-1], normal)
    if np.linalg.norm(drift + exact, axis=1).max() <= SPACING_TOLERANCE_MM:
        rounding_mm = 0.0
    if rounding_mm or slack_rad:
        line = np.polynomial.polynomial.polyfit(places, positions_lps_mm, 1)
        origin, step = line[0], line[1]
    else:
        origin, step = positions_lps_mm[0], (along[-1] - along[0]) / places[-1] * normal
    return SliceLine(places, origin, step, rounding_mm)


def can_be_filled(line: SliceLine) -> bool:
    """Whether all gaps are small enough to be filled from their neighbours."""
    steps = np.diff(line.places)
    n_missing = int((steps - 1).sum())
    return bool(
        steps.max() - 1 <= MAX_GAP_SLICES
        and (steps[steps > 1] * line.spacing_mm <= MAX_GAP_MM + SPACING_TOLERANCE_MM).all()
        and n_missing <= max(MAX_GAP_SLICES, MAX_FILLED_SHARE * len(line.places))
        and n_missing < len(line.places)
    )


def missing_slices(line: SliceLine) -> InputError:
    """The refusal of a stack with gaps, with their number and the first of them."""
    n_missing, n_places = len(line.missing), int(line.places[-1]) + 1
    return InputError(
        f"{n_missing} of {n_places} slices are missing, the first after slice "
        f"{line.missing[0]}; complete the series",
        "missing_slices",
    )


def find_duplicates(along_mm: Array) -> list[list[int]]:
    """Group ordered places along the normal that coincide within SPACING_TOLERANCE_MM.

    >>> find_duplicates(np.array([0.0, 1.0, 1.0, 2.0]))
    [[0], [1, 2], [3]]
    """
    starts = np.flatnonzero(np.diff(along_mm, prepend=-np.inf) > SPACING_TOLERANCE_MM)
    return [group.tolist() for group in np.split(np.arange(len(along_mm)), starts[1:])]


def cosine_slack_rad(cosines: Array) -> float:
    """How far a normal may be off since all direction cosines are rounded to few decimals.

    Those along the axes of the patient are taken as they are.

    >>> cosine_slack_rad(np.array([0.998, 0.062, 0.0]))
    0.001
    """
    if _are_multiples(cosines, 1.0):
        return 0.0
    return next((step for step in _ROUNDED_COSINES if _are_multiples(cosines, step)), 0.0)


def find_places(along_mm: Array, rounding_mm: float = 0.0) -> NDArray[np.int64]:
    """Index on an even line of each of several heights, from 0.

    Args:
        along_mm: Two heights or more, growing, shape (N,).
        rounding_mm: Step to which the positions are rounded.

    Raises:
        InputError: `uneven_spacing`.

    >>> find_places(np.array([0.0, 1.5, 3.0, 6.0])).tolist()
    [0, 1, 2, 4]
    """
    return np.concatenate([[0], np.cumsum(_count_steps(np.diff(along_mm), rounding_mm))])


def rounding_of_positions_mm(positions_lps_mm: Array) -> float:
    """The step that all positions are multiples of, where it is coarse enough to matter, or 0."""
    moved = positions_lps_mm[:, np.ptp(positions_lps_mm, axis=0) > 0]
    return next((step for step in _ROUNDINGS_MM if _are_multiples(moved, step)), 0.0)


def _are_multiples(values: Array, step: float) -> bool:
    scaled = values / step
    return bool((np.abs(scaled - np.round(scaled)) < 1e-3).all())


def _count_steps(gaps: Array, rounding_mm: float) -> NDArray[np.int64]:
    """Places that each gap spans, one where no slice is missing."""
    smallest = float(gaps.min())
    near_smallest = gaps[gaps <= 1.5 * smallest]
    base = max(float(np.median(near_smallest)), MIN_SLICE_SPACING_MM)
    steps = _even_steps(gaps, base, 0.0)
    if steps is None and rounding_mm and np.median(gaps) > _LEAST_STEPS * rounding_mm:
        # Rounding widens and narrows single gaps; over the whole stack it averages out.
        rough = np.maximum(np.round(gaps / np.median(gaps)), 1)
        steps = _even_steps(gaps, float(gaps.sum() / rough.sum()), rounding_mm)
    if steps is None:
        raise InputError(
            f"slice distances vary from {smallest:.3f} to {gaps.max():.3f} mm; only even stacks "
            "are read",
            "uneven_spacing",
        )
    return steps


def _even_steps(gaps: Array, base: float, rounding_mm: float) -> NDArray[np.int64] | None:
    steps = np.maximum(np.round(gaps / base), 1)
    tolerance = max(SPACING_TOLERANCE * base, SPACING_TOLERANCE_MM)
    off_mm = np.abs(gaps - steps * base)
    if (off_mm > tolerance * steps + 2 * _WORST_CORNER * rounding_mm).any():
        return None
    if rounding_mm:
        # Roundings do not add up: each slice alone lies as near to its place.
        along = np.concatenate([[0.0], np.cumsum(gaps - steps * base)])
        if np.ptp(along) > 2 * _WORST_CORNER * rounding_mm + tolerance:
            return None
    return steps.astype(np.int64)
