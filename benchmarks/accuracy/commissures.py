"""How near are the commissures to those that a reader marked, and are wrong places refused?

    python benchmarks/accuracy/commissures.py HEAD.nii.gz... [--marks marks.csv]

`marks.csv` has the columns head, ac_x, ac_y, pc_x, pc_y: name of the file without `.nii.gz`, and
the commissures in mm in the frame of the callosum (`CallosalFrame`). Each head is also searched
with the expected place moved by 24 mm in six directions, where no commissure lies.
"""

import argparse
import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.pipelines.case.observation import look
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.protocols.brain_lines import AC_PC
from callosal.pipelines.protocols.callosal_frame import CallosalFrame
from callosal.pipelines.protocols.commissures import find_commissures
from callosal.pipelines.reading.cases import find_cases
from callosal.pipelines.settings import Settings

MOVED_MM = 24.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("heads", nargs="+", type=Path)
    parser.add_argument("--marks", type=Path)
    options = parser.parse_args()
    marks = {} if options.marks is None else read_marks(options.marks)
    segmenter = open_segmenter(resolve_model(DEFAULT), "cpu", 1)
    errors, n_wrong, n_moved = [], 0, 0
    for path in options.heads:
        seen = callosum_of(path, segmenter)
        if seen is None:
            print(f"{path.name}: no callosum")
            continue
        place, frame = seen
        found = find_commissures(place, frame)
        turn = found.angle_deg - frame.angle_deg
        print(f"{path.name}: {'found' if found.is_found else 'refused'}, likeness "
              f"{found.likeness:.2f}, {turn:.1f} degrees from the callosum")  # fmt: skip
        moved = [find_commissures(place, one) for one in moved_frames(frame)]
        n_moved += len(moved)
        n_wrong += sum(one.is_found for one in moved)
        mark = marks.get(path.name.removesuffix(".nii.gz"))
        if mark is not None and found.is_found:
            away = frame.to_frame_mm([found.ac_mm, found.pc_mm]) - mark
            angle_deg = math.degrees(math.atan2(*(mark[0] - mark[1])[::-1]))
            errors.append([
                *np.linalg.norm(away, axis=1), abs(turn - angle_deg),
                abs(AC_PC.angle_deg - angle_deg),
            ])  # fmt: skip
    print(f"places moved by {MOVED_MM:g} mm: {n_wrong} of {n_moved} accepted on likeness alone")
    if errors:
        report(np.array(errors))


def read_marks(path: Path) -> dict[str, np.ndarray]:
    with path.open(newline="") as stream:
        return {
            row["head"]: np.array(
                [[float(row[f"{name}_{axis}"]) for axis in "xy"] for name in ("ac", "pc")]
            )
            for row in csv.DictReader(stream)
        }


def callosum_of(path: Path, segmenter: Segmenter) -> tuple[SliceImage, CallosalFrame] | None:
    (case,) = find_cases([path]).cases
    callosum = look(case.load(), segmenter, Settings()).callosum
    if callosum is None:
        return None
    return callosum.slice_image, CallosalFrame.of(callosum.contour_mm, callosum.box)


def moved_frames(frame: CallosalFrame) -> list[CallosalFrame]:
    ways = np.radians(np.arange(10, 370, 60))
    x, y = frame.center_mm
    return [
        replace(frame, center_mm=(x + MOVED_MM * math.cos(way), y + MOVED_MM * math.sin(way)))
        for way in ways
    ]


def report(errors: np.ndarray) -> None:
    names = ("anterior, mm", "posterior, mm", "angle, degrees", "angle from the callosum, degrees")
    for name, values in zip(names, errors.T, strict=True):
        rms = float(np.sqrt((values**2).mean()))
        print(f"{name}: mean {values.mean():.2f}, rms {rms:.2f}, largest {values.max():.2f} "
              f"({len(values)} heads)")  # fmt: skip


if __name__ == "__main__":
    main()
