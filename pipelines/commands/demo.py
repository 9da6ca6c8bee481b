"""`callosal demo`: plan on a head of known tilt, and show the truth beside the result."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from callosal.models.errors import InputError
from callosal.pipelines.outputs.file_names import CASES, OVERLAY, PLAN, REVISIONS, RUN_FILE

if TYPE_CHECKING:
    from rich.table import Table

    from callosal.pipelines.phantom.demo_head import DemoHead
    from callosal.pipelines.phantom.reference_pose import ReferencePose
    from callosal.pipelines.planning.plan_file import Plan


@dataclass(frozen=True)
class Tolerance:
    """How close to the truth a plan has to be.

    Attributes:
        angle_deg: Largest error of the final angle and of the midsagittal plane.
        center_mm: Largest error of the centre.
    """

    angle_deg: float
    center_mm: float


SERIES_TOLERANCE = Tolerance(1.0, 2.0)
LOCALIZER_TOLERANCE = Tolerance(2.0, 2.0)


@dataclass(frozen=True)
class Comparison:
    """A plan compared with the truth.

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

    def is_within(self, tolerance: Tolerance) -> bool:
        """Whether angle, plane and centre are within a tolerance of the truth."""
        return (
            abs(self.angle_error_deg) <= tolerance.angle_deg
            and self.plane_error_deg <= tolerance.angle_deg
            and self.center_error_mm <= tolerance.center_mm
        )


def demo(
    output: Path = Path("callosal-demo"),
    seed: int = 0,
    localizer: bool = False,
    stitch: bool = False,
    overwrite: bool = False,
) -> int:
    """Make a DICOM series of known tilt, plan on it, and show truth and result.

    The head is the MNI152 average from nilearn's wheel, or a phantom if nilearn is missing.

    Args:
        output: Folder for the series and the result.
        seed: Seed of the random tilt; the same seed gives the same series.
        localizer: Plan on a scout of the head instead of a whole series: five slices of 5 mm in
            each of three orientations.
        stitch: Make three overlapping stations of a drawn spine and join them instead.
        overwrite: Replace the result of an earlier demo although it has been reviewed.

    Returns:
        Exit code: 0 the result is within tolerance, 1 there is no result, 2 it is not within
        tolerance. The tolerance is 1 degree for angle and midsagittal plane and 2 mm for the
        centre of a series, 2 degrees and 2 mm for a localizer, and 0.9 mm for the shift of a
        station.

    Raises:
        InputError: Both a localizer and stations are asked for (`wrong_usage`), or the folder
            holds a reviewed result (`has_reviews`).
    """
    if localizer and stitch:
        raise InputError("--localizer and --stitch: choose one of them", "wrong_usage")
    if stitch:
        from callosal.pipelines.commands.demo_stations import demo_stations

        _clear_result(output / "result", overwrite)
        return demo_stations(output, seed)
    from rich.console import Console  # the command line reads this file for its help alone

    from callosal.pipelines.commands.infer import infer
    from callosal.pipelines.planning.plan_file import Plan

    console = Console()
    name, write, tolerance = (
        ("localizer", write_scout, LOCALIZER_TOLERANCE)
        if localizer
        else ("series", write_series, SERIES_TOLERANCE)
    )
    result = output / "result"
    _clear_result(result, overwrite)
    head = write(output / name, seed)
    infer([output / name], output=result)
    plans = sorted(result.glob(f"{CASES}/*/{PLAN}"))
    plan = Plan.read(plans[0]) if plans else None
    if plan is None or plan.final is None:
        reasons = "no case was written" if plan is None else ", ".join(plan.reasons)
        console.print(f"No plan for the {head.name}: {reasons}; see {result / RUN_FILE}")
        return 1
    comparison = compare(head.pose, plan)
    console.print(as_table(comparison, f"Callosum of the {head.name}, tilt of seed {seed}"))
    is_within = comparison.is_within(tolerance)
    console.print(
        f"{'within' if is_within else 'NOT within'} tolerance (angle {tolerance.angle_deg:g} "
        f"degree, centre {tolerance.center_mm:g} mm); status {plan.status}"
    )
    for note in plan.source.get("notes", []):
        console.print(f"planned on: {note}")
    console.print(f"picture: {plans[0].with_name(OVERLAY)}", soft_wrap=True)
    return 0 if is_within else 2


def write_series(folder: Path, seed: int) -> "DemoHead":
    """Write the head tilted by a seed as a DICOM series and return it with its true pose."""
    import numpy as np

    from callosal.pipelines.dicom.write import write_mr_series
    from callosal.pipelines.phantom.demo_head import demo_head, drawn_motion, tilted

    upright = demo_head(seed)
    middle = np.asarray(upright.volume.center_position)
    head = tilted(upright, drawn_motion(seed, middle))
    write_mr_series(head.volume, folder, description=f"T1 {head.name}, tilted", seed=seed)
    return head


def write_scout(folder: Path, seed: int) -> "DemoHead":
    """Write a localizer of the tilted head as one DICOM series and return it with its true pose."""
    import numpy as np

    from callosal.pipelines.phantom.demo_head import demo_head, drawn_motion, moved
    from callosal.pipelines.phantom.localizer_series import (
        LocalizerProtocol,
        acquire_localizer,
        write_localizer,
    )

    upright = demo_head(seed)
    middle = np.asarray(upright.volume.center_position)
    head = moved(upright, drawn_motion(seed, middle))
    protocol = LocalizerProtocol()
    stacks = acquire_localizer(head.volume, protocol, middle, seed)
    write_localizer(
        stacks,
        folder,
        thickness_mm=protocol.thickness_mm,
        description=f"localizer {head.name}, tilted",
        seed=seed,
    )
    return head


def compare(pose: "ReferencePose", plan: "Plan") -> Comparison:
    """Compare a plan with the truth.

    Args:
        pose: True pose in patient coordinates.
        plan: A plan with a pose.
    """
    final, place = plan.final, plan.midsagittal
    assert final is not None  # the caller has seen to it
    assert place is not None
    directions = place.row_dir, place.col_dir
    return Comparison(
        true_angle_deg=pose.angle_deg(*directions),
        angle_deg=final.angle_deg,
        angle_error_deg=pose.angle_error_deg(final.angle_deg, *directions),
        true_center_lps_mm=tuple(pose.center_lps_mm.tolist()),
        center_lps_mm=final.center_lps_mm,
        center_error_mm=pose.center_error_mm(final.center_lps_mm),
        plane_error_deg=pose.plane_error_deg(place.normal),
    )


def as_table(comparison: Comparison, title: str) -> "Table":
    """Truth, result and difference, one line per measure."""
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


def _clear_result(folder: Path, overwrite: bool) -> None:
    """Remove the result of an earlier demo, whose case would stand beside the new one.

    The same seed makes it again, but not what a person has said of it. That it was removed is said.
    """
    if not (folder / RUN_FILE).is_file():
        return
    if not overwrite and any(folder.glob(f"{CASES}/*/{REVISIONS}")):
        raise InputError(
            f"{folder}: holds reviews of an earlier demo; give another --output, or --overwrite "
            "to remove them",
            "has_reviews",
        )
    shutil.rmtree(folder)
    print(f"the result of an earlier demo in {folder} is replaced")
