"""How well a second visit repeats the slices of the first, with `--like` and without it.

    python benchmarks/accuracy/second_visits.py HEAD.nii.gz... [--visits 50] [--seed 0]

A second visit is the head turned and shifted in the scanner, read at another resolution, with
another bias field and noise of its own. The first visit is the head as it is. What is told is how
far the transverse slices of the second plan lie from those of the first, once the known motion is
taken out: the angle of the whole turn, the distance of the centres of the callosum, and the
farthest way of any point of the middle slice within 60 mm of it.
"""

import argparse
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.models.errors import CallosalError
from callosal.pipelines.case.process import Outcome, process_volume
from callosal.pipelines.follow_up.carried_stacks import carried_plan, frame_of_stacks
from callosal.pipelines.follow_up.neighbourhood import (
    neighbourhood,
    neighbourhood_bytes,
    read_neighbourhood,
)
from callosal.pipelines.follow_up.registration import register
from callosal.pipelines.planning.plan import ScanPlan
from callosal.pipelines.planning.plan_file import Plan
from callosal.pipelines.reading.nifti import read_nifti
from callosal.pipelines.settings import Settings

Array = NDArray[np.float64]
TILT_DEG, SHIFT_MM, NOISE, BIAS = 15.0, 15.0, 0.03, 0.3
SPACINGS_MM = ((1.0, 1.0, 1.0), (1.2, 0.9, 0.9), (2.0, 1.0, 1.0), (1.5, 1.2, 1.2))
REACH_MM = 60.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("heads", type=Path, nargs="+")
    parser.add_argument("--visits", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    segmenter = open_segmenter(resolve_model(DEFAULT), "cpu")
    rng = np.random.default_rng(arguments.seed)
    found: dict[str, list[Array]] = {"unaided": [], "by anatomy": [], "with --like": []}
    others: list[float] = []
    seconds: list[float] = []
    firsts = list(_firsts(arguments.heads, segmenter))
    blocks = [
        read_neighbourhood(neighbourhood_bytes(volume, first.pose.plan))
        for _, volume, first in firsts
        if first.pose is not None
    ]
    for number, (name, volume, first) in enumerate(islice(cycle(firsts), arguments.visits)):
        moved, motion = second_visit(volume, rng)
        second = process_volume(moved, segmenter, Settings(), {})
        if first.pose is None or second.pose is None or second.document["status"] != "ok":
            print(f"{name}: the second visit is {second.document['status']}")
            continue
        mine = number % len(firsts)
        start = time.process_time()
        block = neighbourhood(moved, second.pose.plan).array
        refined = register(blocks[mine], block)
        seconds.append(time.process_time() - start)
        if len(firsts) > 1 and number < 2 * len(firsts):
            others.append(register(blocks[(mine + 1) % len(firsts)], block).correlation)
        plan = Plan.from_document(first.document)
        found["unaided"].append(error(first.pose.plan, second.pose.plan, motion))
        found["by anatomy"].append(
            error(first.pose.plan, carried_plan(plan, second.pose.plan), motion)
        )
        like = error(first.pose.plan, carried_plan(plan, second.pose.plan, refined), motion)
        found["with --like"].append(np.array([*like, refined.correlation]))
        print(name, np.round(found["unaided"][-1], 2), np.round(found["with --like"][-1], 3),
              flush=True)  # fmt: skip
    for label, values in found.items():
        table = np.array(values)
        print(f"{label}: {len(values)} visits; degrees, mm of the centre, mm of the slice")
        print("  mean", np.round(table.mean(axis=0)[:3], 2),
              " 95 %", np.round(np.percentile(table, 95, axis=0)[:3], 2),
              " largest", np.round(table.max(axis=0)[:3], 2))  # fmt: skip
    print("correlation: least", np.array(found["with --like"])[:, 3].min().round(2),
          " of other heads, most", np.round(max(others, default=np.nan), 2))  # fmt: skip
    print(f"seconds of one core: {np.median(seconds):.2f}, at most {np.max(seconds):.2f}")


def _firsts(heads: list[Path], segmenter: Segmenter) -> Iterator[tuple[str, Volume, Outcome]]:
    for path in heads:
        try:
            volume = read_nifti(path)
            outcome = process_volume(volume, segmenter, Settings(), {})
        except CallosalError as fault:
            print(f"{path.name}: {fault.code}")
            continue
        if outcome.document["status"] == "ok" and outcome.pose is not None:
            yield path.name.partition(".")[0], volume, outcome
        else:
            print(f"{path.name}: {outcome.document['status']}")


def second_visit(volume: Volume, rng: np.random.Generator) -> tuple[Volume, Array]:
    """The head after a motion, and the motion as a 4x4 matrix, LPS mm."""
    middle = np.asarray(volume.center_position)
    motion = np.eye(4)
    motion[:3, :3] = Rotation.from_rotvec(
        np.radians(rng.uniform(-TILT_DEG, TILT_DEG, 3))
    ).as_matrix()
    motion[:3, 3] = middle - motion[:3, :3] @ middle + rng.uniform(-SHIFT_MM, SHIFT_MM, 3)
    spacing = np.array(SPACINGS_MM[rng.integers(len(SPACINGS_MM))])
    size_mm = np.array([190.0, 250.0, 250.0])
    shape = np.ceil(size_mm / spacing).astype(int)
    affine = np.eye(4)
    axes = np.stack([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]], axis=1)  # sagittal slices
    affine[:3, :3] = axes * spacing
    affine[:3, 3] = middle - affine[:3, :3] @ ((shape - 1) / 2)
    to_voxel = np.linalg.inv(np.asarray(volume.affine)) @ np.linalg.inv(motion) @ affine
    own = np.linalg.norm(np.asarray(volume.affine)[:3, :3], axis=0)
    blur = np.clip((spacing.max() / own - 1) / 2, 0, None)
    values = ndimage.gaussian_filter(volume.array.astype(np.float32), blur)
    seen = ndimage.affine_transform(
        values, to_voxel[:3, :3], to_voxel[:3, 3], tuple(shape), order=1
    )
    return Volume(scanned(seen, rng), affine, "PATIENT"), motion


def scanned(values: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """With a bias field, Rician noise and another scale."""
    grid = np.meshgrid(*(np.linspace(-1, 1, n) for n in values.shape), indexing="ij", sparse=True)
    slope = rng.uniform(-BIAS, BIAS, 3)
    field = np.exp(sum(s * g for s, g in zip(slope, grid, strict=True)))
    top = float(np.percentile(values, 99))
    signal = values / top * field
    noisy = np.hypot(
        signal + rng.normal(0, NOISE, values.shape), rng.normal(0, NOISE, values.shape)
    )
    return np.asarray(noisy * 1000 * rng.uniform(0.5, 2), dtype=np.float32)


def error(first: ScanPlan, second: ScanPlan, motion: Array) -> Array:
    """Degrees, mm of the centre, and mm of the middle slice, from where it should be."""
    turn = motion[:3, :3]
    wanted, found = frame_of_stacks(first) @ turn.T, frame_of_stacks(second)
    angle_deg = np.degrees(Rotation.from_matrix(found.T @ wanted).magnitude())
    shift = second.center_lps_mm - (turn @ first.center_lps_mm + motion[:3, 3])
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    ring = REACH_MM * np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    way = shift + ring @ (found - wanted)
    return np.array([angle_deg, np.linalg.norm(shift), np.abs(way @ wanted[2]).max()])


if __name__ == "__main__":
    main()
