"""How well the whole plan follows a head that is turned: transverse plane and centre.

    python benchmarks/accuracy/plan_precision.py --mni152 SERIES_FOLDER --poses 50

The data are resampled by random turns of up to 30 degrees about each axis; the reference is the
plan of the head as it is, moved along.
"""

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from highdicom import Volume
from midsagittal_precision import random_turn, read_heads, turned

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.pipelines.case.process import process_volume
from callosal.pipelines.console.usage import run_script
from callosal.pipelines.settings import Settings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", nargs="*", type=Path)
    parser.add_argument("--mni152", action="store_true")
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--poses", type=int, default=50)
    arguments = parser.parse_args()
    segmenter = open_segmenter(resolve_model(arguments.model), "cpu")
    print("| head | plans | n | transverse mean / p95 / max, deg | centre mean / max, mm |")
    print("|---|---|---|---|---|")
    for name, volume in read_heads(arguments.inputs, arguments.mni152):
        _measure(name, volume, segmenter, arguments.poses)


def _measure(name: str, volume: Volume, segmenter: Segmenter, poses: int) -> None:
    """Print the errors of all plans and, apart, of the sure ones: they are a choice of the best."""
    rng = np.random.default_rng(0)
    reference = _plan(volume, segmenter)
    if reference["planes"] is None:
        print(f"| {name} | no plan of the head as it is | | | |")
        return
    errors, sure, reasons = [], [], Counter()
    for _ in range(poses):
        head, motion = turned(volume, random_turn(rng))
        found = _plan(head, segmenter)
        if found["status"] != "ok":
            reasons.update(found["reasons"])
        if found["planes"] is not None:
            errors.append(_error(reference, found, motion))
            sure.append(found["status"] == "ok")
    _print(name, "every plan", np.array(errors))
    _print(name, "ok alone", np.array(errors)[np.array(sure)])
    print(f"| {name} | no plan: {poses - len(errors)}; against not ok: {dict(reasons)} | | | |")


def _print(name: str, which: str, errors: np.ndarray) -> None:
    if not len(errors):
        print(f"| {name} | {which} | 0 | - | - |")
        return
    angles, shifts = errors.T
    turn = f"{angles.mean():.2f} / {np.percentile(angles, 95):.2f} / {angles.max():.2f}"
    shift = f"{shifts.mean():.2f} / {shifts.max():.2f}"
    print(f"| {name} | {which} | {len(errors)} | {turn} | {shift} |", flush=True)


def _plan(volume: Volume, segmenter: Segmenter) -> dict[str, Any]:
    return process_volume(volume, segmenter, Settings(), {}).document


def _error(reference: dict[str, Any], found: dict[str, Any], motion: np.ndarray) -> list[float]:
    """Angle of the transverse normals in degrees, and distance of the centres in mm."""
    normal, center = _pose(reference)
    found_normal, found_center = _pose(found)
    cosine = np.clip(found_normal @ motion[:3, :3] @ normal, -1, 1)
    moved = motion[:3, :3] @ center + motion[:3, 3]
    return [float(np.degrees(np.arccos(cosine))), float(np.linalg.norm(found_center - moved))]


def _pose(plan: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Normal of the transverse stack and final centre, both in LPS."""
    rows, columns = np.reshape(plan["planes"]["transverse"]["image_orientation_patient"], (2, 3))
    return np.cross(rows, columns), np.array(plan["final"]["center_lps_mm"])


if __name__ == "__main__":
    run_script(main)
