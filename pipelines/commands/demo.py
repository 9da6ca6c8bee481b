"""`callosal demo`: the main job on a head of known tilt, with truth beside result."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from callosal.pipelines.outputs.file_names import CASES, OVERLAY, PLAN, RUN_FILE

if TYPE_CHECKING:
    from rich.table import Table

    from callosal.pipelines.phantom.demo_head import DemoHead
    from callosal.pipelines.phantom.reference_pose import ReferencePose

ANGLE_TOLERANCE_DEG = 1.0
CENTER_TOLERANCE_MM = 2.0


@dataclass(frozen=True)
class Comparison:
    """A plan beside the truth.

    Attributes:
        true_angle_deg: True final angle in the frame of the plan's midsagittal slice.
        angle_deg: The plan's final angle.
        angle_error_deg: Plan minus truth.
        true_center_lps_mm: True centre.
        center_lps_mm: The plan's centre.
        center_error_mm: Their distance in space.
        plane_error_deg: Angle between the plan's midsagittal plane and the true one.
    """

    true_angle_deg: float
    angle_deg: float
    angle_error_deg: float
    true_center_lps_mm: tuple[float, ...]
    center_lps_mm: tuple[float, ...]
    center_error_mm: float
    plane_error_deg: float

    @property
    def within_tolerance(self) -> bool:
        """Whether angle and centre are as near the truth as the demo promises."""
        return (
            abs(self.angle_error_deg) <= ANGLE_TOLERANCE_DEG
            and self.center_error_mm <= CENTER_TOLERANCE_MM
        )


def demo(output: Path = Path("callosal-demo"), seed: int = 0) -> int:
    """Make a DICOM series of known tilt, infer it with the shipped model, show truth and result.

    The head is the MNI152 average that nilearn's wheel carries, without it a phantom.

    Args:
        output: Folder for the series and the result.
        seed: Draws the tilt; the same seed gives the same series.

    Returns:
        0 when the angle is within 1 degree and the centre within 2 mm of the truth, 1 when there
        is no plan, 2 when the plan is off.
    """
    from rich.console import Console  # the command line reads this file for its help alone

    from callosal.pipelines.commands.infer import infer

    console = Console()
    head = write_series(output / "series", seed)
    result = output / "result"
    _clear_result(result)
    infer([output / "series"], output=result)
    plans = sorted(result.glob(f"{CASES}/*/{PLAN}"))
    plan = json.loads(plans[0].read_text(encoding="utf-8")) if plans else {}
    if plan.get("final") is None:
        reasons = ", ".join(plan.get("reasons", [])) or "no case was written"
        console.print(f"No plan for the {head.name}: {reasons}; see {result / RUN_FILE}")
        return 1
    comparison = compare(head.pose, plan)
    console.print(as_table(comparison, f"Callosum of the {head.name}, tilt of seed {seed}"))
    verdict = "within" if comparison.within_tolerance else "NOT within"
    console.print(
        f"{verdict} tolerance (angle {ANGLE_TOLERANCE_DEG:g} degree, "
        f"centre {CENTER_TOLERANCE_MM:g} mm); status {plan['status']}"
    )
    console.print(f"picture: {plans[0].with_name(OVERLAY)}", soft_wrap=True)
    return 0 if comparison.within_tolerance else 2


def write_series(folder: Path, seed: int) -> "DemoHead":
    """Write the tilted head of a seed as a DICOM series and return it with its true pose."""
    import numpy as np

    from callosal.pipelines.dicom.write import write_mr_series
    from callosal.pipelines.phantom.demo_head import demo_head, drawn_motion, tilted

    upright = demo_head(seed)
    middle = np.asarray(upright.volume.center_position)
    head = tilted(upright, drawn_motion(seed, middle))
    write_mr_series(head.volume, folder, description=f"T1 {head.name}, tilted", seed=seed)
    return head


def compare(pose: "ReferencePose", plan: dict[str, Any]) -> Comparison:
    """Hold a plan against the truth.

    Args:
        pose: True pose in patient coordinates.
        plan: Contents of a plan.json whose `final` is not null.
    """
    final, slice_frame = plan["final"], plan["midsagittal"]
    directions = slice_frame["row_dir"], slice_frame["col_dir"]
    return Comparison(
        true_angle_deg=pose.angle_deg(*directions),
        angle_deg=final["angle_deg"],
        angle_error_deg=pose.angle_error_deg(final["angle_deg"], *directions),
        true_center_lps_mm=tuple(pose.center_lps_mm.tolist()),
        center_lps_mm=tuple(final["center_lps_mm"]),
        center_error_mm=pose.center_error_mm(final["center_lps_mm"]),
        plane_error_deg=pose.plane_error_deg(slice_frame["normal"]),
    )


def as_table(comparison: Comparison, title: str) -> "Table":
    """Truth, result and difference, a line a measure."""
    from rich.table import Table

    table = Table("measure", "truth", "result", "difference", title=title)
    table.add_row(
        "final angle (degree)",
        f"{comparison.true_angle_deg:.2f}",
        f"{comparison.angle_deg:.2f}",
        f"{comparison.angle_error_deg:+.2f}",
    )
    table.add_row(
        "centre L, P, S (mm)",
        _numbers(comparison.true_center_lps_mm),
        _numbers(comparison.center_lps_mm),
        f"{comparison.center_error_mm:.2f}",
    )
    table.add_row("midsagittal plane (degree)", "", "", f"{comparison.plane_error_deg:.2f}")
    return table


def _numbers(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.2f}" for value in values)


def _clear_result(folder: Path) -> None:
    """Remove the result of an earlier demo, whose case would stand beside the new one."""
    if (folder / RUN_FILE).is_file():
        shutil.rmtree(folder)
