"""What a follow-up repeats of a first visit."""

from dataclasses import dataclass

from callosal.pipelines.follow_up.neighbourhood import Block
from callosal.pipelines.planning.plan_file import Plan


@dataclass(frozen=True, eq=False)
class FirstVisit:
    """What a follow-up repeats.

    Attributes:
        plan: Its plan, with stacks.
        sha256: Hash of the plan and of the block.
        block: The brain about the callosum; None where the run kept none.
        patient: Hash of the PatientID, as its DICOM objects have it; "" where there are none.
        name: Case that was taken, and of how many sure ones, where a run was named; else "".
    """

    plan: Plan
    sha256: str
    block: Block | None
    patient: str = ""
    name: str = ""
