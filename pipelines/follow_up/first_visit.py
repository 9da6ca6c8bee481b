"""The plan of a first visit, read from its file or its run."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from callosal.models.errors import InputError
from callosal.pipelines.follow_up.neighbourhood import Block, read_neighbourhood
from callosal.pipelines.outputs.file_names import CASES, NEIGHBOURHOOD
from callosal.pipelines.planning.plan_file import Plan
from callosal.pipelines.review.case_files import case_names
from callosal.pipelines.review.sure_plans import best_plan, sure_plans


@dataclass(frozen=True, eq=False)
class FirstVisit:
    """What a follow-up repeats.

    Attributes:
        plan: Its plan, with stacks.
        sha256: Hash of the plan and of the block.
        block: The brain about the callosum; None where the run kept none.
    """

    plan: Plan
    sha256: str
    block: Block | None


def read_first_visit(path: Path) -> FirstVisit:
    """Read the plan of a first visit, and the block that lies beside it.

    Args:
        path: A plan.json, or the folder of a run: of its sure plans, reviewed ones first, that of
            the finest volume is taken.

    Raises:
        InputError: It is not there (`no_such_input`), cannot be read, is not a plan (`bad_plan`,
            `invalid_plan`), or has no stacks to repeat (`no_stacks`, `no_sure_plan`).
    """
    if not path.exists():
        raise InputError(
            f"{path.name}: there is no such file or folder; check the path", "no_such_input"
        )
    if path.is_dir():
        best = best_plan(sure_plans(path, case_names(path)))
        if best is None:
            raise InputError(
                f"{path.name}: holds no sure plan of three measured angles; look at its report, "
                "accept one in `callosal review`, or name a plan.json",
                "no_sure_plan",
            )
        plan, folder = best.plan, path / CASES / best.name
    else:
        plan, folder = Plan.read(path), path.parent
    if plan.planes is None or plan.final is None:
        raise InputError(
            f"{path.name}: has no stacks to repeat (status {plan.status})", "no_stacks"
        )
    content = _content(folder / NEIGHBOURHOOD)
    digest = hashlib.sha256(plan.to_json().encode() + content).hexdigest()
    return FirstVisit(plan, digest, read_neighbourhood(content) if content else None)


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""
