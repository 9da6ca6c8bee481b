"""A thousand series in one run, fifty of them broken in ten ways.

    python benchmarks/faults/thousand_series.py FOLDER [--series 1000] [--broken 50] \
        [--canned] [--made]

Makes an archive of phantom series under new UIDs in FOLDER, breaks every twentieth of them, runs
`callosal infer` on it and checks: the exit code, one row for each series with the reason that
fits the fault, none but the sound ones with a plan, the counts of run.json, every case in
report.html. The resident memory of the process is read twice a second and told by the number of
cases finished.

With --canned the planning of a case, which takes nine tenths of its time, is answered by the
outcome of one phantom, so that reading, driver and writing can be tried in minutes; series of
noise then count as sound.
"""

import argparse
import csv
import json
import shutil
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import numpy as np
import pydicom
from made_archive import make_archive
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000Lossless

Slices = list[Path]

REAL = "from callosal.pipelines.cli import run; run()"
CANNED = (
    """
from callosal.pipelines.batch import session
from tests.batch.made_cases import answer_at_once
session.process_case = answer_at_once
"""
    + REAL
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--broken", type=int, default=50)
    parser.add_argument("--canned", action="store_true")
    parser.add_argument("--made", action="store_true", help="the archive is there from before")
    arguments = parser.parse_args()
    archive, output = arguments.folder / "archive", arguments.folder / "out"
    faults = _plan_faults(arguments.series, arguments.broken)
    if not arguments.made:
        make_archive(archive, arguments.series)
        for number, code in faults.items():
            FAULTS[code](sorted((archive / f"series-{number:04d}").iterdir()))
    shutil.rmtree(output, ignore_errors=True)
    expected = Counter(faults.values())
    if arguments.canned:
        expected.pop("refused", None)
    n_sound = arguments.series - expected.total()
    print(f"{arguments.series} series, broken: {dict(expected)}", flush=True)
    start = time.monotonic()
    code, memory = _run(archive, output, CANNED if arguments.canned else REAL)
    seconds = time.monotonic() - start
    print(f"exit code {code}, {seconds:.0f} s, {arguments.series / seconds:.2f} series a second")
    _tell_memory(memory, arguments.series)
    sys.exit(_check(output, code, expected, n_sound))


def _plan_faults(n_series: int, n_broken: int) -> dict[int, str]:
    """Evenly spread numbers of the series to break, each with the reason that is to be told."""
    chosen = range(0, n_series, n_series // n_broken)[:n_broken]
    return dict(zip(chosen, cycle(FAULTS), strict=False))


def _run(archive: Path, output: Path, script: str) -> tuple[int, list[tuple[int, float]]]:
    """Exit code, and pairs of cases finished and resident MB."""
    words = ["infer", str(archive), "--output", str(output), "--device", "cpu", "--threads", "1"]
    command = [sys.executable, "-c", script, *words]
    memory: list[tuple[int, float]] = []
    log = (output.parent / "infer.log").open("w")
    with subprocess.Popen(command, stderr=log) as run:
        while run.poll() is None:
            memory.append((_count_rows(output), _resident_mb(run.pid)))
            time.sleep(0.5)
    log.close()
    return run.returncode, memory


def _count_rows(output: Path) -> int:
    table = output / "results.jsonl"
    return table.read_bytes().count(b"\n") if table.is_file() else 0


def _resident_mb(process: int) -> float:
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return float("nan")
    return pages * 4096 / 2**20


def _tell_memory(memory: list[tuple[int, float]], n_series: int) -> None:
    """Median memory over an early and over the last tenth of the series.

    The first rows are those of broken series, told before any case is worked on, and the first
    cases fill the pools of the libraries: the early tenth begins at one eighth.
    """
    early, late = n_series // 8, n_series - n_series // 10
    first = [mb for done, mb in memory if early < done <= early + n_series // 10]
    last = [mb for done, mb in memory if late < done <= n_series and mb > 0]
    ratio = statistics.median(last) / statistics.median(first)
    print(
        f"resident MB: {statistics.median(first):.0f} over an early tenth, "
        f"{statistics.median(last):.0f} over the last ({ratio:.3f}), "
        f"{max(mb for _, mb in memory if mb > 0):.0f} at most"
    )


def _check(output: Path, code: int, expected: Counter[str], n_sound: int) -> int:
    """Tell what is not as it should be; 0 where nothing is."""
    with (output / "results.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    found = Counter(row["reasons"] or "none" for row in rows if not row["transverse"])
    planned = sum(row["transverse"] != "" for row in rows)
    counts = json.loads((output / "run.json").read_text())["counts"]
    refused = found.total() - sum(found[reason] for reason in expected if reason != "refused")
    wrong = [f"{reason}: {found[reason]} rows for {n}" for reason, n in expected.items()
             if reason != "refused" and found[reason] != n]  # fmt: skip
    if refused != expected["refused"]:
        wrong.append(f"refused: {refused} rows for {expected['refused']}: {dict(found)}")
    if planned != n_sound or sum(counts.values()) != len(rows) or code != 2:
        wrong.append(f"{planned} plans for {n_sound} series, {counts}, exit code {code}")
    if len({row["case_id"] for row in rows}) != len(rows):
        wrong.append("a case has two rows")
    report = output / "report.html"
    page = report.read_text(encoding="utf-8") if report.is_file() else ""
    n_shown = sum(row["case_id"] in page for row in rows)
    if page and n_shown != len(rows):
        wrong.append(f"report.html shows {n_shown} of {len(rows)} rows")
    print(f"{len(rows)} rows, {planned} plans, without a plan: {dict(found)}")
    print("\n".join(wrong) or "all as it should be")
    return 1 if wrong else 0


def _edit(path: Path, change: Callable[[Dataset], object]) -> None:
    image = pydicom.dcmread(path)
    change(image)
    image.save_as(path)


def _missing(slices: Slices) -> None:
    for path in slices[20:23]:
        path.unlink()


def _doubled(slices: Slices) -> None:
    def change(image: Dataset) -> None:
        image.SOPInstanceUID = f"{image.SOPInstanceUID[:60]}.1"
        image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
        image.PixelData = bytes(len(image.PixelData))

    copy = slices[20].with_name("copy.dcm")
    copy.write_bytes(slices[20].read_bytes())
    _edit(copy, change)


def _emptied(slices: Slices) -> None:
    for path in slices:
        path.write_bytes(b"")


def _cut(slices: Slices) -> None:
    for path in slices:
        path.write_bytes(path.read_bytes()[:-1000])


def _huge(slices: Slices) -> None:
    for path in slices:
        _edit(path, lambda image: setattr(image, "NumberOfFrames", 2_000_000_000))


def _sheared(slices: Slices) -> None:
    for index, path in enumerate(slices):
        _edit(path, lambda image, shift=index * 0.5: _move(image, (0, 0, shift)))


def _uneven(slices: Slices) -> None:
    for index, path in enumerate(slices):
        _edit(path, lambda image, shift=1.1 * (index % 2): _move(image, (shift, 0, 0)))


def _move(image: Dataset, shift_mm: tuple[float, float, float]) -> None:
    position = np.array(image.ImagePositionPatient, float) + shift_mm
    image.ImagePositionPatient = [float(value) for value in position.round(6)]


def _placeless(slices: Slices) -> None:
    for path in slices:
        _edit(path, lambda image: image.pop("ImageOrientationPatient"))


def _garbled(slices: Slices) -> None:
    def change(image: Dataset) -> None:
        image.file_meta.TransferSyntaxUID = JPEG2000Lossless
        image.PixelData = pydicom.encaps.encapsulate([b"\x01\x02\x03\x04" * 64])
        image["PixelData"].VR = "OB"

    for path in slices:
        _edit(path, change)


def _noisy(slices: Slices) -> None:
    rng = np.random.default_rng(0)

    def change(image: Dataset) -> None:
        noise = rng.integers(0, 1000, (image.Rows, image.Columns), dtype=np.uint16)
        image.PixelData = noise.tobytes()

    for path in slices:
        _edit(path, change)


FAULTS: dict[str, Callable[[Slices], None]] = {
    "missing_slices": _missing,
    "duplicate_positions": _doubled,
    "empty_file": _emptied,
    "truncated": _cut,
    "too_large": _huge,
    "sheared_stack": _sheared,
    "uneven_spacing": _uneven,
    "missing_tags": _placeless,
    "decode_failed": _garbled,
    "refused": _noisy,
}
"""What is broken, by the reason it has to be given."""


if __name__ == "__main__":
    main()
