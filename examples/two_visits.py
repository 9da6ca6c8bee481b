"""The same slices at two visits: what to prescribe at each, and how the head lay between them.

    python examples/two_visits.py FIRST_VISIT SECOND_VISIT --output OUT

Each visit is a folder of DICOM or a NIfTI file. Every plan follows the patient's own anatomy, so
that prescribing the transverse stack of each visit gives the same slices of the same brain, however
the head lay. The motion is that of the plan's frame: what a rigid registration of the two heads
would give, from two plans alone.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callosal.pipelines.commands.infer import infer

Array = NDArray[np.float64]


def main() -> int:
    """Plan both visits and print what to prescribe."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("visits", nargs=2, type=Path, help="first and second visit")
    parser.add_argument("--output", type=Path, required=True, help="folder for both runs")
    arguments = parser.parse_args()
    names = ("first", "second")
    plans = [
        planned(visit, arguments.output / name)
        for visit, name in zip(arguments.visits, names, strict=True)
    ]
    for name, plan in zip(names, plans, strict=True):
        transverse = plan["planes"]["transverse"]
        center = ", ".join(f"{value:.1f}" for value in plan["final"]["center_lps_mm"])
        print(f"{name:>6} visit: {transverse['prescription']}, centre L, P, S {center} mm")
    angle_deg, shift_mm = motion(*plans)
    print(f"between them the head turned by {angle_deg:.1f} degrees")
    print(f"and the callosum moved by {shift_mm:.1f} mm")
    return 0


def planned(visit: Path, output: Path) -> dict[str, Any]:
    """The one confident plan of a visit; of several series the most confident.

    Raises:
        SystemExit: No series of the visit gave a plan to rely on.
    """
    infer([visit], output=output)
    found = [json.loads(path.read_text()) for path in output.glob("cases/*/plan.json")]
    sure = [plan for plan in found if plan["status"] == "ok"]
    if not sure:
        raise SystemExit(f"{visit.name}: no plan to rely on; look at {output / 'report.html'}")
    return max(sure, key=lambda plan: float(plan["confidence"]))


def motion(first: dict[str, Any], second: dict[str, Any]) -> tuple[float, float]:
    """Angle in degrees and way of the callosum's centre in mm from one plan to the other."""
    turn = axes(second) @ axes(first).T
    angle_deg = float(np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))))
    centers = [np.array(plan["final"]["center_lps_mm"]) for plan in (first, second)]
    return angle_deg, float(np.linalg.norm(centers[1] - centers[0]))


def axes(plan: dict[str, Any]) -> Array:
    """Row, column and normal of the transverse stack as columns of a rotation (3, 3)."""
    cosines = np.array(plan["planes"]["transverse"]["image_orientation_patient"])
    row, column = cosines[:3], cosines[3:]
    return np.stack([row, column, np.cross(row, column)], axis=1)


if __name__ == "__main__":
    raise SystemExit(main())
