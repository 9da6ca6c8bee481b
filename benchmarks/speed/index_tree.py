"""Time and memory of finding the cases in a tree of many DICOM files.

    python benchmarks/speed/index_tree.py FOLDER [--files 100000] [--header-bytes 8192] [--rounds 3]

Makes a tree of series of 200 small slices each in FOLDER, their headers filled up to a size that
scanners write, and finds the cases in it (`find_cases`: which files are images, which stacks
they make, which can be planned on), beside what a user would write: os.walk and pydicom's
dcmread of each header, whole or only the tags that are needed. Each runs in a process of its
own, in turn; times are of the processor, medians over the rounds, the tree in the page cache.
"""

import argparse
import io
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
from highdicom import Volume
from pydicom.dataset import Dataset

from callosal.pipelines.dicom.headers import HEADER_TAGS
from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.reading.cases import find_cases

SLICES = 200
_SERIES_MARK = 10**9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--header-bytes", type=int, default=8192)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--made", action="store_true", help="the tree is there from before")
    parser.add_argument("--contestant", choices=list(CONTESTANTS), help="used by itself")
    arguments = parser.parse_args()
    if arguments.contestant is not None:
        _report(CONTESTANTS[arguments.contestant], arguments.folder)
        return
    made = arguments.files // SLICES * SLICES
    if not arguments.made:
        _make_tree(arguments.folder, arguments.files // SLICES, arguments.header_bytes)
    print(f"{made} files, {arguments.header_bytes} bytes of filler in each header", flush=True)
    figures: dict[str, list[list[float]]] = {name: [] for name in CONTESTANTS}
    for _ in range(arguments.rounds):
        for name in CONTESTANTS:
            figures[name].append(_run(name, arguments.folder))
            print(f"{name}: {figures[name][-1][0]:.1f} s of the processor", flush=True)
    base = statistics.median(row[0] for row in figures["dcmread, whole header"])
    print("| what | processor s | ratio | wall s | found | peak MB | KB a file |")
    print("|---|---|---|---|---|---|---|")
    for name, rows in figures.items():
        cpu, wall, found, peak, before = (
            statistics.median(values) for values in zip(*rows, strict=True)
        )
        print(
            f"| {name} | {cpu:.1f} | {cpu / base:.2f} | {wall:.1f} | {found:.0f} "
            f"| {peak:.0f} | {(peak - before) * 1024 / made:.2f} |"
        )


def _make_tree(folder: Path, n_series: int, header_bytes: int) -> None:
    """Series that differ in their UIDs alone, patched into the bytes of one."""
    shutil.rmtree(folder, ignore_errors=True)
    template = folder / "template"
    size = (SLICES, 20, 24)
    rng = np.random.default_rng(0)
    voxels = rng.integers(0, 1000, size, dtype=np.int16)
    affine = np.array([[1, 0, 0, -100], [0, 0, 8, -90], [0, -8, 0, 80], [0, 0, 0, 1.0]])
    volume = Volume(voxels, affine, "PATIENT")
    slices = []
    for path in write_mr_series(volume, template, description="made"):
        image = pydicom.dcmread(path)
        slices.append(_filled(image, header_bytes, len(slices)))
    shutil.rmtree(template)
    for series in range(n_series):
        place = folder / f"subject-{series // 4:04d}" / f"series-{series % 4}"
        place.mkdir(parents=True)
        old, new = str(_SERIES_MARK).encode(), str(_SERIES_MARK + series).encode()
        for index, content in enumerate(slices):
            (place / f"{index:04d}.dcm").write_bytes(content.replace(old, new))


def _filled(image: Dataset, header_bytes: int, index: int) -> bytes:
    image.SeriesInstanceUID = f"1.2.3.{_SERIES_MARK}"
    image.SOPInstanceUID = f"1.2.3.{_SERIES_MARK}.{index}"
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    block = image.private_block(0x0029, "FILLER", create=True)
    for element in range(16):
        block.add_new(element, "OB", bytes(header_bytes // 16))
    stream = io.BytesIO()
    image.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def _callosal(folder: Path) -> int:
    return len(find_cases([folder]).cases) * SLICES


def _dcmread(folder: Path) -> int:
    return sum(1 for path in _walk(folder) if pydicom.dcmread(path, stop_before_pixels=True))


def _dcmread_few(folder: Path) -> int:
    return sum(
        1
        for path in _walk(folder)
        if pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(HEADER_TAGS))
    )


def _walk(folder: Path) -> list[str]:
    return [f"{place}{os.sep}{name}" for place, _, names in os.walk(folder) for name in names]


CONTESTANTS: dict[str, Callable[[Path], int]] = {
    "callosal find_cases": _callosal,
    "dcmread, whole header": _dcmread,
    "dcmread, needed tags": _dcmread_few,
}


def _run(name: str, folder: Path) -> list[float]:
    command = [sys.executable, __file__, str(folder), "--contestant", name]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return [float(word) for word in answer.stdout.split()]


def _report(contestant: Callable[[Path], int], folder: Path) -> None:
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cpu, wall = time.process_time(), time.perf_counter()
    found = contestant(folder)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(cpu, wall, found, peak_mb, before_mb)


if __name__ == "__main__":
    main()
