"""How well the whole plan follows a head that is turned: transverse plane and centre.

    python benchmarks/plan_precision.py --mni152 SERIES_FOLDER --poses 50

The data are resampled by random turns of up to 30 degrees about each axis; the reference is the
plan of the head as it is, moved along.
"""

import argparse
from pathlib import Path

import numpy as np
from highdicom import Volume
from midsagittal_precision import random_turn, read_heads, turned

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.pipelines.process import process_volume
from callosal.pipelines.settings import Settings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", nargs="*", type=Path)
    parser.add_argument("--mni152", action="store_true")
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--poses", type=int, default=50)
    arguments = parser.parse_args()
    segmenter = open_segmenter(resolve_model(arguments.model), "cpu")
    print(
        "| head | poses | transverse mean / 95th pct / max, deg | centre mean / max, mm | not ok |"
    )
    print("|---|---|---|---|---|")
    for name, volume in read_heads(arguments.inputs, arguments.mni152):
        rng = np.random.default_rng(0)
        reference = _pose(volume, segmenter)
        if reference is None:
            print(f"| {name} | no plan | | | |")
            continue
        angles, distances, refused = [], [], 0
        for _ in range(arguments.poses):
            head, motion = turned(volume, random_turn(rng))
            found = _pose(head, segmenter)
            if found is None:
                refused += 1
                continue
            normal = motion[:3, :3] @ reference[0]
            center = motion[:3, :3] @ reference[1] + motion[:3, 3]
            angles.append(np.degrees(np.arccos(np.clip(found[0] @ normal, -1, 1))))
            distances.append(np.linalg.norm(found[1] - center))
        turn = f"{np.mean(angles):.2f} / {np.percentile(angles, 95):.2f} / {np.max(angles):.2f}"
        shift = f"{np.mean(distances):.2f} / {np.max(distances):.2f}"
        print(f"| {name} | {arguments.poses} | {turn} | {shift} | {refused} |", flush=True)


def _pose(volume: Volume, segmenter: Segmenter) -> tuple[np.ndarray, np.ndarray] | None:
    """Normal of the transverse stack and final centre, both in LPS; None unless the plan is ok."""
    plan = process_volume(volume, segmenter, Settings(), {}, "0" * 64).document
    if plan["status"] != "ok":
        return None
    rows, columns = np.reshape(plan["planes"]["transverse"]["image_orientation_patient"], (2, 3))
    return np.cross(rows, columns), np.array(plan["final"]["center_lps_mm"])


if __name__ == "__main__":
    main()
