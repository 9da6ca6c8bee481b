"""The same slices at two visits: what to prescribe at each, and how the head lay between them.

    python examples/two_visits.py FIRST_VISIT SECOND_VISIT --output OUT

Each visit is a folder of DICOM or a NIfTI file. The second plan repeats the stacks of the first at
the same place of the same anatomy (`callosal infer --like`), so that prescribing the transverse
stack of each visit gives the same slices of the same brain, however the head lay.
"""

import argparse
from pathlib import Path

from callosal import Plan
from callosal.pipelines.commands.infer import infer
from callosal.pipelines.planning.plan_frame import motion
from callosal.pipelines.review.first_visit_of_run import read_first_visit


def main() -> int:
    """Plan both visits and print what to prescribe."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("visits", nargs=2, type=Path, help="first and second visit")
    parser.add_argument("--output", type=Path, required=True, help="folder for both runs")
    arguments = parser.parse_args()
    first, second = arguments.output / "first", arguments.output / "second"
    infer([arguments.visits[0]], output=first)
    before = read_first_visit(first).plan
    infer([arguments.visits[1]], output=second, like=first)
    after = read_first_visit(second).plan
    tell("first", before)
    tell("second", after)
    warn(after)
    angle_deg, shift_mm = motion(before, after)
    print(f"between them the head turned by {angle_deg:.1f} degrees")
    print(f"and the callosum moved by {shift_mm:.1f} mm")
    return 0


def warn(after: Plan) -> None:
    """Say where the second visit may be of another person: a motion between two heads is none."""
    entry = after.document.get("follow_up") or {}
    if entry.get("patient") == "differs":
        print("warning: the PatientID of the visits differs")
    if entry.get("reason") in ("not_alike", "too_far_apart"):
        print("warning: the heads do not look alike; another contrast, or another person?")


def tell(visit: str, plan: Plan) -> None:
    """Print the transverse stack of a visit, and how it was set."""
    if plan.planes is None:
        raise SystemExit(f"{visit} visit: no stacks; look at its report")
    stack = plan.planes.transverse
    center = ", ".join(f"{value:.1f}" for value in stack.center_lps_mm)
    entry = plan.document.get("follow_up") or {}
    how = ", refined by registration" if entry.get("refined") else ""
    print(f"{visit:>6} visit: {stack.prescription}, centre L, P, S {center} mm{how}")


if __name__ == "__main__":
    raise SystemExit(main())
