"""The plan that the stacks of an exam are held against: that of its best series."""

from pathlib import Path

import numpy as np

from callosal.pipelines.audit.comparison import Reference
from callosal.pipelines.planning.plan_frame import frame_of
from callosal.pipelines.review.case_files import ReviewCase, read_case
from callosal.pipelines.review.sure_plans import PlannedCase


def reference_of(output: Path, case: PlannedCase) -> tuple[Reference, ReviewCase]:
    """What stacks are held against, and the pictures of the case it comes from.

    Raises:
        InputError: A file of the case is missing or broken.
    """
    files = read_case(output, case.name)
    stacks, final = case.plan.planes, case.plan.final
    if stacks is None or final is None:
        raise ValueError(f"{case.name}: not a whole plan")
    named = {name: stack.as_stack() for name, stack in stacks.by_name().items()}
    reference = Reference(named, frame_of(case.plan), np.array(final.center_lps_mm), files.head)
    return reference, files
