"""Plans of a run to rely on: what a person accepted or corrected, else what is sure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from callosal.models.errors import CallosalError
from callosal.pipelines.outputs.file_names import CASES
from callosal.pipelines.planning.findings import Status
from callosal.pipelines.planning.plan_file import Plan
from callosal.pipelines.review.case_files import read_plan
from callosal.pipelines.review.history import latest_review


@dataclass(frozen=True, eq=False)
class PlannedCase:
    """A sure plan of a case.

    Attributes:
        name: Name of its folder.
        plan: Its plan, reviewed by a person or as computed.
    """

    name: str
    plan: Plan


def sure_plans(output: Path, names: Sequence[str]) -> dict[str, PlannedCase]:
    """Plans to rely on, with three measured angles, by case.

    Args:
        output: Folder of the run.
        names: The cases that are asked for.
    """
    found = {}
    for name in names:
        plan = _read(output / CASES / name)
        if plan is not None and plan.dof_estimated == 3 and plan.planes is not None:
            found[name] = PlannedCase(name, plan)
    return found


def best_plan(plans: Mapping[str, PlannedCase]) -> PlannedCase | None:
    """Of several plans of one exam that of a volume, of small voxels, and sure."""
    return min(plans.values(), key=_rank, default=None)


def _read(folder: Path) -> Plan | None:
    try:
        plan, digest = read_plan(folder)
        review = latest_review(folder)
        if review is None or review["plan_sha256"] != digest:
            return plan if plan.status is Status.OK else None
        return None if review["plan"] is None else Plan.from_document(review["plan"])
    except CallosalError:
        return None


def _rank(case: PlannedCase) -> tuple[bool, float, float, str]:
    source = case.plan.source
    spacing = source.get("spacing_mm") or [math.inf]
    return (
        source.get("kind") == "localizer",
        float(max(spacing)),
        -float(case.plan.confidence or 0.0),
        case.name,
    )
