"""Does `callosal audit` report the angles, offsets and missing slices that stacks were made with?

    python benchmarks/accuracy/audit_accuracy.py HEAD.nii.gz... --output OUT [--exams 20]

Each exam is a head as a DICOM series, and stacks of three protocols (transverse 5 mm, coronal 3 mm,
sagittal 4 mm) in its frame of reference. A stack is the planned one, turned by up to 15 degrees and
shifted by up to 20 mm about and along all axes; a second one of each is shifted across by whole
slices. Images of stacks are blank but for their geometry. Prints a table, and the peak memory.
"""

import argparse
import json
import resource
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from scipy.spatial.transform import Rotation

from callosal import Planner, Settings
from callosal.models.errors import CallosalError, InputError
from callosal.pipelines.commands.audit import audit
from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.outputs.audit_table import read_audit_rows
from callosal.pipelines.planning.plan import SliceStack
from callosal.pipelines.planning.reslice import stack_affine_lps, stack_shape
from callosal.pipelines.reading.nifti import read_nifti
from callosal.pipelines.settings import PlanSettings, SliceSettings

Array = NDArray[np.float64]
SETTINGS = Settings(
    plan=PlanSettings(
        transverse=SliceSettings(5.0, 1.0),
        coronal=SliceSettings(3.0, 0.3),
        sagittal=SliceSettings(4.0, 0.8),
    )
)
PIXEL_MM = 12.0
"""Too coarse for a view of the callosum, so that only the head is planned on."""

MAX_DEG, MAX_MM, MAX_SLICES = 15.0, 20.0, 6


@dataclass(frozen=True)
class Made:
    """How a stack was made from the planned one."""

    planned: str
    turn_deg: Array
    offset_mm: Array
    slices_out: int


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("heads", type=Path, nargs="+")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--exams", type=int, default=20)
    arguments = parser.parse_args()
    data = arguments.output / "data"
    made = make_exams(arguments.heads, data, arguments.exams)
    audit([data], arguments.output / "audit", settings=SETTINGS, names="series")
    errors = compare_all(made, read_audit_rows(arguments.output / "audit"))
    print(json.dumps({name: figures(values) for name, values in errors.items()}, indent=1))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len({name for name, _ in made})} exams, peak memory {peak_mb:.0f} MB")


def make_exams(heads: Sequence[Path], folder: Path, n_exams: int) -> dict[tuple[str, int], Made]:
    """Write exams; what each stack was made with by the name of the exam and series number."""
    planner = Planner(device="cpu", settings=SETTINGS)
    made: dict[tuple[str, int], Made] = {}
    for path in heads:
        if len({name for name, _ in made}) == n_exams:
            break
        name = path.name.partition(".")[0]
        try:
            made |= write_exam(read_nifti(path), planner, folder / name, name)
        except CallosalError as fault:
            print(f"{name}: left out: {fault.code}")
    return made


def write_exam(
    volume: highdicom.Volume, planner: Planner, folder: Path, name: str
) -> dict[tuple[str, int], Made]:
    """The head and two stacks of each orientation as DICOM series of one exam.

    Raises:
        CallosalError: The head cannot be planned on.
    """
    rng = np.random.default_rng(sum(map(ord, name)))
    shared = Dataset()
    shared.StudyInstanceUID = generate_uid(entropy_srcs=[name, "study"])
    shared.FrameOfReferenceUID = generate_uid(entropy_srcs=[name, "frame"])
    shared.ProtocolName = name
    write_mr_series(volume, folder / "1", description="head", attributes=shared)
    plan = planner.plan(folder / "1")
    if str(plan.status) != "ok" or plan.planes is None:
        shutil.rmtree(folder)
        raise InputError("no sure plan", "no_sure_plan")
    stacks = {key: stack.as_stack() for key, stack in plan.planes.by_name().items()}
    transverse = stacks["transverse"]
    axes = np.stack([transverse.row_dir, transverse.col_dir, transverse.normal])
    made = {}
    for number, (key, stack) in enumerate(stacks.items()):
        n_out = int(rng.integers(0, MAX_SLICES + 1))
        turned = Made(key, rng.uniform(-1, 1, 3) * MAX_DEG, rng.uniform(-1, 1, 3) * MAX_MM, 0)
        out_mm = axes @ (n_out * stack.slice_distance_mm * stack.normal)
        shifted = Made(key, np.zeros(3), out_mm, n_out)
        for step, one in enumerate((turned, shifted)):
            series = 2 + 2 * number + step
            _write_stack(moved(stack, one, axes), folder / str(series), series, shared)
            made[name, series] = one
    return made


def moved(stack: SliceStack, made: Made, axes: Array) -> SliceStack:
    """A stack turned about its centre and shifted, both along the axes of the plan."""
    turn = Rotation.from_rotvec(np.radians(made.turn_deg) @ axes)
    return replace(
        stack,
        row_dir=turn.apply(stack.row_dir),
        col_dir=turn.apply(stack.col_dir),
        center_lps_mm=stack.center_lps_mm + made.offset_mm @ axes,
    )


def _write_stack(stack: SliceStack, folder: Path, series: int, shared: Dataset) -> None:
    shape = stack_shape(stack, PIXEL_MM)
    pixels = np.broadcast_to(np.arange(shape[2], dtype=np.uint16), shape)
    attributes = Dataset()
    attributes.update(shared)
    attributes.SliceThickness = f"{stack.thickness_mm:g}"
    volume = highdicom.Volume(
        np.ascontiguousarray(pixels), stack_affine_lps(stack, PIXEL_MM), "PATIENT"
    )
    write_mr_series(
        volume, folder, description="stack", series_number=series, attributes=attributes
    )


def compare_all(
    made: dict[tuple[str, int], Made], rows: list[dict[str, Any]]
) -> dict[str, list[float]]:
    """Errors of each measure over all stacks."""
    errors: dict[str, list[float]] = {
        "angle_deg": [], "in_plane_and_all_turns_deg": [], "offset_mm": [], "slices": [],
        "wrong_orientation": [], "not_compared": [],
    }  # fmt: skip
    by_series = {(row["protocol"], row["series_number"]): row for row in rows}
    for key, one in made.items():
        row = by_series[key]
        errors["not_compared"].append(float(row["status"] != "compared"))
        if row["status"] != "compared":
            continue
        names = ("left", "posterior", "superior")
        told_deg = np.array([row[f"turn_{name}_deg"] for name in names])
        told_mm = np.array([row[f"offset_{name}_mm"] for name in names])
        normal = {"sagittal": 0, "coronal": 1, "transverse": 2}[one.planned]
        matrix = Rotation.from_rotvec(np.radians(one.turn_deg)).as_matrix()
        angle_deg = float(np.degrees(np.arccos(np.clip(matrix[normal, normal], -1, 1))))
        errors["wrong_orientation"].append(float(row["planned"] != one.planned))
        errors["angle_deg"].append(abs(row["angle_deg"] - angle_deg))
        errors["in_plane_and_all_turns_deg"].append(float(np.abs(told_deg - one.turn_deg).max()))
        errors["offset_mm"].append(float(np.abs(told_mm - one.offset_mm).max()))
        if not one.turn_deg.any():
            errors["slices"].append(float(abs(row["slices_missing"] - one.slices_out)))
    return errors


def figures(values: list[float]) -> dict[str, float]:
    """Number, mean and largest of the errors of one measure."""
    return {
        "n": len(values),
        "mean": round(float(np.mean(values)), 3),
        "largest": round(float(np.max(values)), 3),
    }


if __name__ == "__main__":
    main()
