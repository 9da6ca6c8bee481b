"""How much a head seems to change between two scans of it, in one frame and measured singly.

    python benchmarks/accuracy/longitudinal_precision.py HEAD... [--visits 50] [--scale 1]

HEAD is a NIfTI file or a folder of one DICOM series.

The first visit is the head as it is. The second is the head turned and shifted in the scanner, read
on another grid, with another bias field and noise of its own: nothing of the head has changed. With
`--scale 0.99` it shrinks by 1 % in every direction, so that areas change by -1.99 % and lengths by
-1 %: printed is then how far the change that is found lies from the true one.
"""

import argparse
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray
from scipy.ndimage import affine_transform
from scipy.spatial.transform import Rotation
from second_visits import scanned

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.models.errors import CallosalError
from callosal.pipelines.case.process import process_volume
from callosal.pipelines.follow_up.neighbourhood import neighbourhood
from callosal.pipelines.longitudinal.change import change_of
from callosal.pipelines.longitudinal.common_visits import Placed, common_visits
from callosal.pipelines.planning.plan_file import Plan
from callosal.pipelines.reading.cases import find_cases
from callosal.pipelines.settings import Settings

Array = NDArray[np.float64]
TILT_DEG, SHIFT_MM = 10.0, 10.0
GRIDS_MM = ((1.0, 1.0, 1.0), (1.2, 0.9, 0.9), (0.9, 1.1, 1.0))
POWERS = {"area_mm2": 2, "thickness_mean_mm": 1, "midline_length_mm": 1, "cc_index": 0}
"""Measures, and by which power of a scale each changes."""


def main() -> None:
    """Compare both ways of measuring a change on the heads of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("heads", type=Path, nargs="+")
    parser.add_argument("--visits", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scale", type=float, default=1.0, help="of the head at the second visit")
    arguments = parser.parse_args()
    segmenter = open_segmenter(resolve_model(DEFAULT), "cpu", 1)
    rng = np.random.default_rng(arguments.seed)
    rows = []
    for path in islice(cycle(arguments.heads), arguments.visits):
        try:
            row = _compared(path, arguments.scale, rng, segmenter)
        except CallosalError as fault:
            print(f"{path.name}: {fault.code}", flush=True)
            continue
        rows.append(row)
        print(path.name, np.round(row, 3).tolist(), flush=True)
    report(np.array(rows))


def report(rows: Array) -> None:
    """Print what the rows of `_compared` came to: a row a measure and way."""
    print(f"{len(rows)} pairs of visits; difference from the true change, %")
    for index, name in enumerate(POWERS):
        singly, together, reach = rows[:, index].T
        for way, found in (("measured singly", singly), ("in one frame", together)):
            known = np.abs(found[np.isfinite(found)])
            print(f"{name:18s} {way:16s} mean {known.mean():.2f}  "
                  f"95 % {np.percentile(known, 95):.2f}  largest {known.max():.2f}  "
                  f"n {len(known)}")  # fmt: skip
        held = np.abs(together) <= reach
        print(f"{'':18s} in the 95 % interval: {100 * held.mean():.0f} %, "
              f"half its width {np.nanmedian(reach):.2f}")  # fmt: skip


def _compared(path: Path, scale: float, rng: np.random.Generator, segmenter: Segmenter) -> Array:
    """Error of the change singly and in one frame, and half of the interval, by measure, in %."""
    first = _head(path)
    visits = [first, second_visit(first, scale, rng)]
    placed, singly = [], []
    for name, volume in zip(("first", "second"), visits, strict=True):
        outcome = process_volume(volume, segmenter, Settings(), {})
        if outcome.pose is None or outcome.document["status"] != "ok":
            raise CallosalError(f"{name} visit is {outcome.document['status']}", "not_ok")
        plan = Plan.from_document(outcome.document)
        block = neighbourhood(volume, outcome.pose.plan).array
        placed.append(Placed(name, plan, block, lambda volume=volume: volume))
        singly.append(plan.morphometry or {})
    together = common_visits(placed, segmenter).measures.visits
    return np.array(list(_errors(scale, singly, [visit.values for visit in together])))


def _head(path: Path) -> Volume:
    (case,) = find_cases([path]).cases
    volume = case.load()
    if not isinstance(volume, Volume):
        raise CallosalError(f"{path.name}: is a localizer", "not_a_volume")
    return volume


def _errors(scale: float, singly: list[dict], together: list[dict]) -> Iterator[Array]:
    for name, power in POWERS.items():
        true_pct = 200 * (scale**power - 1) / (scale**power + 1)
        one, other = (np.nan if visit[name] is None else visit[name] for visit in singly)
        alone = 200 * (other - one) / (other + one) - true_pct
        found = change_of([visit[name] for visit in together], None)
        if found is None:
            yield np.array([alone, np.nan, np.nan])
        else:
            change = found.total_pct
            yield np.array([alone, change.value - true_pct, change.high - change.value])


def second_visit(volume: Volume, scale: float, rng: np.random.Generator) -> Volume:
    """The head scanned again, with cubic interpolation."""
    middle = np.asarray(volume.center_position)
    motion = np.eye(4)
    turn = Rotation.from_rotvec(np.radians(rng.uniform(-TILT_DEG, TILT_DEG, 3))).as_matrix()
    motion[:3, :3] = scale * turn
    motion[:3, 3] = middle - motion[:3, :3] @ middle + rng.uniform(-SHIFT_MM, SHIFT_MM, 3)
    spacing = np.array(GRIDS_MM[rng.integers(len(GRIDS_MM))])
    shape = np.ceil(np.array([190.0, 250.0, 250.0]) / spacing).astype(int)
    affine = np.eye(4)
    affine[:3, :3] = np.stack([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]], axis=1) * spacing
    affine[:3, 3] = middle - affine[:3, :3] @ ((shape - 1) / 2)
    at = np.linalg.inv(np.asarray(volume.affine)) @ np.linalg.inv(motion) @ affine
    values = volume.array.astype(np.float32)
    seen = affine_transform(values, at[:3, :3], at[:3, 3], tuple(shape), order=3)
    return Volume(scanned(np.clip(seen, 0, None), rng), affine, "PATIENT")


if __name__ == "__main__":
    main()
