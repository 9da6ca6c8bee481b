"""Precision of the midsagittal plane: how well it follows a head that is turned, thinned, lesioned.

The reference of each head is the plane found in the volume as it is, moved along. For instance:

    python benchmarks/accuracy/midsagittal_precision.py --mni152 FOLDER OTHER.nii.gz --poses 50
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from highdicom import Volume
from scipy.ndimage import affine_transform
from scipy.spatial.transform import Rotation

from callosal.models.arrays import Array
from callosal.pipelines.midplane.midsagittal import MidsagittalPlane, find_midsagittal_plane
from callosal.pipelines.phantom.demo_head import mni152_head
from callosal.pipelines.reading.cases import find_cases

Row = dict[str, float | int | str]

SLICE_MM = 5.0
LESION_RADIUS_MM = 20.0
LESIONS_MM = ((32, 0, 20), (40, 30, 10), (35, -30, 10), (22, 20, 30), (22, -30, 30), (21, 0, -20))
OUTLIER_DEG = 3.0


@dataclass(frozen=True)
class Error:
    """How far a plane lies from where it should."""

    angle_deg: float
    offset_mm: float
    flagged: bool


def main() -> int:
    """Measures every head and prints a table, or JSON with --json."""
    options = parse_arguments()
    rows = [
        row
        for name, volume in read_heads(options.inputs, options.mni152)
        for row in measure_head(name, volume, options.poses, options.seed)
    ]
    print(json.dumps(rows, indent=1) if options.json else as_table(rows))
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("inputs", nargs="*", type=Path, help="DICOM folders and NIfTI files")
    parser.add_argument("--mni152", action="store_true", help="also the MNI152 head of nilearn")
    parser.add_argument("--poses", type=int, default=50, help="turned copies of each head")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    if not options.inputs and not options.mni152:
        parser.error("name an input or give --mni152")
    return options


def read_heads(inputs: list[Path], with_mni152: bool) -> list[tuple[str, Volume]]:
    heads = [("MNI152", mni152_head().volume)] if with_mni152 else []
    cases = find_cases(inputs).cases if inputs else ()
    return heads + [(case.label, case.load()) for case in cases]


def measure_head(name: str, volume: Volume, poses: int, seed: int) -> list[Row]:
    """All measures of one head, one row each."""
    rng = np.random.default_rng(seed)
    reference = find_midsagittal_plane(volume)
    turns = [random_turn(rng) for _ in range(poses)]
    rows = [summary(name, "as it is", [Error(0.0, 0.0, bool(reference.flags))])]
    rows[0].update(
        normal=str(np.round(reference.normal, 4).tolist()),
        offset_from_x0_mm=round(float(abs(reference.point_lps_mm @ reference.normal)), 3),
        symmetry=round(reference.symmetry, 3),
        uncertainty_deg=round(reference.uncertainty_deg, 3),
        uncertainty_mm=round(reference.uncertainty_mm, 3),
        seconds=round(median_seconds(volume), 3),
    )
    rows.append(summary(name, "headers turned", header_errors(volume, reference, turns[:10])))
    data = [error_of(*turned(volume, turn), reference) for turn in turns]
    rows.append(summary(name, "data turned", data))
    for axis in range(3):
        thin = [error_of(thinned(volume, axis), np.eye(4), reference)]
        rows.append(summary(name, f"{SLICE_MM:g} mm along axis {axis}", thin))
        both = [turned(volume, turn) for turn in turns[: max(1, poses // 5)]]
        thin = [error_of(thinned(head, axis), motion, reference) for head, motion in both]
        rows.append(summary(name, f"{SLICE_MM:g} mm along axis {axis}, turned", thin))
    rows.append(summary(name, "40 mm dark lesion", lesion_errors(volume, reference)))
    return rows


def random_turn(rng: np.random.Generator) -> Array:
    """Rotation by up to 30 degrees about each axis, shape (3, 3)."""
    return np.asarray(Rotation.from_euler("xyz", rng.uniform(-30, 30, 3), degrees=True).as_matrix())


def turned(volume: Volume, turn: Array) -> tuple[Volume, Array]:
    """The voxels resampled after a turn about the middle of the grid, and the 4x4 motion."""
    motion = np.eye(4)
    middle = np.array(volume.center_position)
    motion[:3, :3], motion[:3, 3] = turn, middle - turn @ middle
    index = np.linalg.inv(motion @ volume.affine) @ volume.affine
    values = affine_transform(volume.array.astype(np.float32), index[:3, :3], index[:3, 3], order=1)
    return volume.with_array(values), motion


def thinned(volume: Volume, axis: int) -> Volume:
    """Slices left out until those kept lie 5 mm apart or little more; coarser axes stay."""
    step = max(1, int(np.ceil(0.96 * SLICE_MM / volume.spacing[axis])))
    others = [other for other in range(3) if other != axis]
    return volume.permute_spatial_axes([axis, *others])[step // 2 :: step]


def error_of(volume: Volume, motion: Array, reference: MidsagittalPlane) -> Error:
    """Error of the plane found against the reference moved along."""
    found = find_midsagittal_plane(volume)
    normal = motion[:3, :3] @ reference.normal
    point = motion[:3, :3] @ reference.point_lps_mm + motion[:3, 3]
    sine = np.linalg.norm(np.cross(found.normal, normal))
    return Error(
        angle_deg=float(np.degrees(np.arctan2(sine, found.normal @ normal))),
        offset_mm=float(abs((found.point_lps_mm - point) @ found.normal)),
        flagged=bool(found.flags),
    )


def header_errors(volume: Volume, reference: MidsagittalPlane, turns: list[Array]) -> list[Error]:
    errors = []
    for turn in turns:
        motion = np.eye(4)
        motion[:3, :3], motion[:3, 3] = turn, turn @ [30.0, -20.0, 50.0]
        moved = Volume(volume.array, motion @ volume.affine, volume.coordinate_system)
        errors.append(error_of(moved, motion, reference))
    return errors


def lesion_errors(volume: Volume, reference: MidsagittalPlane) -> list[Error]:
    """Errors with a dark ball painted into one hemisphere, at several places on each side."""
    index = np.indices(volume.shape).reshape(3, -1)
    from_middle = volume.affine[:3, :3] @ index + volume.affine[:3, 3:]
    from_middle -= reference.point_lps_mm[:, None]
    errors = []
    for x, y, z in LESIONS_MM:
        for side in (-1, 1):
            center = np.array([[side * x], [y], [z]])
            inside = ((from_middle - center) ** 2).sum(axis=0) < LESION_RADIUS_MM**2
            values = volume.array.astype(np.float32).ravel()
            values[inside] *= 0.15
            lesioned = volume.with_array(values.reshape(volume.shape))
            errors.append(error_of(lesioned, np.eye(4), reference))
    return errors


def median_seconds(volume: Volume) -> float:
    seconds = []
    for _ in range(7):
        start = time.perf_counter()
        find_midsagittal_plane(volume)
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))


def summary(name: str, measure: str, errors: list[Error]) -> Row:
    angles = np.array([error.angle_deg for error in errors])
    offsets = np.array([error.offset_mm for error in errors])
    return {
        "head": name,
        "measure": measure,
        "n": len(errors),
        "angle_mean_deg": round(float(angles.mean()), 4),
        "angle_p95_deg": round(float(np.percentile(angles, 95)), 4),
        "angle_max_deg": round(float(angles.max()), 4),
        "offset_mean_mm": round(float(offsets.mean()), 4),
        "offset_max_mm": round(float(offsets.max()), 4),
        "flagged": sum(error.flagged for error in errors),
        "outliers_unflagged": sum(
            error.angle_deg > OUTLIER_DEG and not error.flagged for error in errors
        ),
    }


def as_table(rows: list[Row]) -> str:
    lines = []
    for row in rows:
        values = [f"{key}={value}" for key, value in row.items() if key not in ("head", "measure")]
        lines.append(f"{row['head']:<24} {row['measure']:<24} {'  '.join(values)}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
