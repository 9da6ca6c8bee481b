"""The stacks of a first visit carried over to the head of a second one."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from callosal.models.errors import InputError
from callosal.pipelines.follow_up.registration import Motion
from callosal.pipelines.planning.plan import ScanPlan, SliceStack
from callosal.pipelines.planning.plan_file import Plan
from callosal.pipelines.planning.plan_frame import frame_of

Array = NDArray[np.float64]

STILL = Motion(np.eye(3), np.zeros(3), 1.0)
"""Both visits have the callosum in the same place of the plan's frame."""


def carried_plan(first: Plan, second: ScanPlan, motion: Motion = STILL) -> ScanPlan:
    """Every stack of the first plan at its place relative to the callosum.

    Orientation, thickness, gap, number, field of view and offset from the callosum are those of
    the first plan; only where the callosum is, and how it is turned, comes from the second.

    Args:
        first: Plan of the first visit.
        second: Plan of the second visit by itself.
        motion: What the anatomy has moved from the frame of the first plan to that of the second.

    Raises:
        InputError: The first plan has no stacks (`no_stacks`).
    """
    if first.planes is None or first.final is None:
        raise InputError("the plan of the first visit has no stacks to repeat", "no_stacks")
    before, after = frame_of(first), frame_of_stacks(second)
    turn = after.T @ motion.rotation @ before
    origin = np.array(first.final.center_lps_mm)
    center = second.center_lps_mm + motion.shift_mm @ after

    def carried(stack: SliceStack) -> SliceStack:
        return replace(
            stack,
            row_dir=turn @ stack.row_dir,
            col_dir=turn @ stack.col_dir,
            center_lps_mm=center + turn @ (stack.center_lps_mm - origin),
        )

    stacks = {name: carried(stack.as_stack()) for name, stack in first.planes.by_name().items()}
    return ScanPlan(**stacks, center_lps_mm=center)


def frame_of_stacks(plan: ScanPlan) -> Array:
    """Unit vectors toward left, posterior and superior as rows, shape (3, 3)."""
    transverse = plan.transverse
    return np.stack([transverse.row_dir, transverse.col_dir, transverse.normal])
