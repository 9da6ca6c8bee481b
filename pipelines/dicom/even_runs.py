"""Even runs of a stack that has gaps or bends: what a scout of few slices may still be read from.

A volume must be whole. The slices of a scout are looked at one by one, so one that is missing or
lies aside does not make the others useless.
"""

from dataclasses import replace

import numpy as np

from callosal.models.errors import InputError
from callosal.pipelines.dicom.slices import SPACING_TOLERANCE, SPACING_TOLERANCE_MM
from callosal.pipelines.dicom.stacks import Stack, fitted_stack, nominal_spacing_mm


def even_runs(stack: Stack) -> tuple[Stack, ...]:
    """The longest runs of neighbours at the stack's smallest step; an even stack stays whole.

    Args:
        stack: Ordered slices, kept or not; where they lie is looked at, whatever its code.

    Returns:
        Stacks that together hold every slice once, in order, each on its grid. A run that drifts
        sideways falls into single slices.

    Example:
        Slices at 0, 20, 30 and 40 mm are two runs: the first slice, and the other three.
    """
    return (stack,) if stack.is_kept else _fitted(stack) or _parted(stack)


def _fitted(stack: Stack) -> tuple[Stack, ...]:
    """The stack on its grid; nothing if its planes fit no grid."""
    try:
        return (fitted_stack(stack),)
    except InputError:
        return ()


def _parted(stack: Stack) -> tuple[Stack, ...]:
    """The runs of a stack that has no grid, or its single slices where a run has none either."""
    return tuple(
        part
        for run in _runs(stack)
        for part in _fitted(_part(stack, run)) or [_part(stack, [index]) for index in run]
    )


def _runs(stack: Stack) -> list[list[int]]:
    """Indices of the slices of each run."""
    positions = np.array([plane.position_lps_mm for plane in stack.planes])
    normal = stack.planes[0].normal
    steps = np.diff(positions, axis=0)
    least_mm = float((steps @ normal).min())
    tolerance_mm = max(SPACING_TOLERANCE * least_mm, SPACING_TOLERANCE_MM)
    breaks = np.flatnonzero(np.linalg.norm(steps - least_mm * normal, axis=1) > tolerance_mm) + 1
    return [run.tolist() for run in np.split(np.arange(len(positions)), breaks)]


def _part(stack: Stack, indices: list[int]) -> Stack:
    """Some slices of a stack, with the key of the first of them."""
    planes = tuple(stack.planes[index] for index in indices)
    return replace(
        stack,
        key=f"{stack.key}/{indices[0]}",
        planes=planes,
        slice_spacing_mm=nominal_spacing_mm(planes),
    )
