"""The frame that the stacks of a plan share."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from callosal.models.errors import InputError
from callosal.pipelines.planning.plan_file import Plan


def frame_of(plan: Plan) -> NDArray[np.float64]:
    """Unit vectors of a plan toward left, posterior and superior as rows, shape (3, 3).

    Args:
        plan: One with stacks.

    Raises:
        InputError: It has none (`no_stacks`).
    """
    if plan.planes is None:
        raise InputError("plan: has no stacks, so no frame", "no_stacks")
    transverse = plan.planes.transverse.as_stack()
    return np.stack([transverse.row_dir, transverse.col_dir, transverse.normal])


def motion(first: Plan, second: Plan) -> tuple[float, float]:
    """Angle in degrees and way of the callosum's centre in mm from one plan to another.

    Args:
        first: A plan with stacks.
        second: One of the same head, in the same frame of reference or in another.

    Raises:
        InputError: One of them has no stacks (`no_stacks`).
    """
    turn = Rotation.from_matrix(frame_of(second).T @ frame_of(first))
    if first.final is None or second.final is None:
        raise InputError("plan: has no pose, so no centre", "no_stacks")
    shift = np.subtract(second.final.center_lps_mm, first.final.center_lps_mm)
    return math.degrees(turn.magnitude()), float(np.linalg.norm(shift))
