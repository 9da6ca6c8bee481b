"""From the visits of one head to their measures: register, cut on one grid, measure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from highdicom import Volume

from callosal.export.runtime import Segmenter
from callosal.models.errors import InputError
from callosal.pipelines.follow_up.neighbourhood import Block
from callosal.pipelines.follow_up.registration import Motion, register
from callosal.pipelines.follow_up.repeat import LEAST_CORRELATION, MAX_SHIFT_MM, MAX_TURN_DEG
from callosal.pipelines.longitudinal.common_measures import CommonMeasures, measure_visits
from callosal.pipelines.longitudinal.common_slices import CommonFrame, common_slices
from callosal.pipelines.longitudinal.mean_frame import MeanFrame, mean_frame
from callosal.pipelines.planning.plan_file import Plan

MAX_SPREAD_MM: Final = 0.5
"""If visits disagree on the position of a point by more than this, their registration failed."""


@dataclass(frozen=True, eq=False)
class Placed:
    """A visit, with what is needed to place it in the common frame.

    Attributes:
        name: Name of the visit in messages, such as ses-1.
        plan: Plan of the visit, with stacks.
        block: Voxels of the brain around the callosum, aligned with the plan.
        load: Reads the voxels of the visit.
    """

    name: str
    plan: Plan
    block: Block
    load: Callable[[], Volume]


@dataclass(frozen=True, eq=False)
class CommonVisits:
    """Visits in their common frame.

    Attributes:
        frame: Where the frame lies.
        correlations: Correlation of each visit with the others, the lowest of its pairs.
        measures: The measures of each visit.
    """

    frame: MeanFrame
    correlations: tuple[float, ...]
    measures: CommonMeasures


def common_visits(visits: Sequence[Placed], segmenter: Segmenter) -> CommonVisits:
    """Bring visits of one head into one frame and measure them there.

    One volume is held in memory at a time.

    Args:
        visits: Two or more, in any order.
        segmenter: Opened model.

    Raises:
        InputError: Two visits are not alike (`not_alike`: another head or another contrast) or
            cannot be registered (`too_far_apart`, `not_registered`), or no callosum is found on
            their mean (`no_common_callosum`).
    """
    motions = {
        (i, j): _checked(visits[i], visits[j]) for i, j in combinations(range(len(visits)), 2)
    }
    frame = mean_frame(motions, len(visits))
    if frame.spread_mm > MAX_SPREAD_MM:
        raise InputError(
            f"visits: places near the callosum differ by {frame.spread_mm:.1f} mm between pairs of "
            "visits; look at the images for motion",
            "not_registered",
        )
    spacing_mm = segmenter.contract.spacing_mm
    slices = [
        common_slices(visit.load(), CommonFrame.of(visit.plan, to_mean), spacing_mm)
        for visit, to_mean in zip(visits, frame.to_mean, strict=True)
    ]
    correlations = tuple(
        min(motion.correlation for pair, motion in motions.items() if number in pair)
        for number in range(len(visits))
    )
    return CommonVisits(frame, correlations, measure_visits(slices, segmenter))


def _checked(one: Placed, other: Placed) -> Motion:
    motion = register(one.block, other.block)
    if motion.correlation < LEAST_CORRELATION:
        raise InputError(
            f"{one.name} and {other.name}: the brains about the callosum agree by "
            f"{motion.correlation:.2f} only; another contrast, or another person's head",
            "not_alike",
        )
    if motion.angle_deg > MAX_TURN_DEG or np.linalg.norm(motion.shift_mm) > MAX_SHIFT_MM:
        raise InputError(
            f"{one.name} and {other.name}: their plans lie too far apart for one head; one of "
            "them is wrong",
            "too_far_apart",
        )
    return motion
