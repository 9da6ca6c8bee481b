"""Many series in one run: does memory stay flat, and does the run keep pace with its stages?"""

import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from pydicom import dcmread
from pydicom.uid import generate_uid

from callosal.models.errors import InputError
from callosal.pipelines.outputs.file_names import ROWS


@dataclass(frozen=True)
class Throughput:
    """What a run over many series reached.

    Attributes:
        series: Number of series.
        seconds: Time of the whole process.
        cores_busy: Its processor seconds over these seconds.
        per_case_s: Seconds a case, listing and start left out.
        slowest_stage_s: Seconds of the slowest stage of a case alone (reading, or planning).
        share_of_slowest: Slowest stage over seconds a case: 1 where all else is hidden behind it.
        first_mb: Mean memory over the first quarter of the cases.
        last_mb: Mean memory over the last quarter.
        peak_mb: Peak memory.
        exit_code: Of the command.
    """

    series: int
    seconds: float
    cores_busy: float
    per_case_s: float
    slowest_stage_s: float
    share_of_slowest: float
    first_mb: float
    last_mb: float
    peak_mb: float
    exit_code: int

    def as_json(self) -> dict[str, Any]:
        """All values by name."""
        return asdict(self)


def copy_series(series: Path, target: Path, count: int) -> None:
    """Copies of a series that differ in their UIDs alone.

    The UIDs are replaced in the bytes of the files by ones of the same length.

    Args:
        series: Folder of one classic series.
        target: Folder for the copies.
        count: How many.

    Raises:
        InputError: The folder holds no DICOM file.
    """
    files = sorted(path for path in series.iterdir() if path.is_file())
    if not files:
        raise InputError(f"{series.name}: holds no file; name a folder of one series", "no_images")
    sources = [(path.name, path.read_bytes(), _uids(path)) for path in files]
    for number in range(count):
        folder = target / f"series-{number:04d}"
        folder.mkdir(parents=True)
        for name, content, uids in sources:
            fresh = content
            for uid in uids:
                fresh = fresh.replace(uid.encode(), _like(uid, f"{uid}-{number}").encode())
            (folder / name).write_bytes(fresh)


def _uids(path: Path) -> tuple[str, ...]:
    """UIDs of image, series and study, the longest first, for one may begin with another."""
    header = dcmread(path, stop_before_pixels=True)
    found = {header.SOPInstanceUID, header.SeriesInstanceUID, header.StudyInstanceUID}
    return tuple(sorted(map(str, found), key=len, reverse=True))


def _like(uid: str, entropy: str) -> str:
    """Another UID of the same length."""
    drawn = generate_uid(prefix="1.2.", entropy_srcs=[entropy])
    digits = (drawn.replace(".", "")[2:] * 3)[: len(uid) - 4]
    return f"1.2.{'1' if digits.startswith('0') else digits[0]}{digits[1:]}"


def measure_throughput(
    folder: Path, output: Path, model: Path, count: int, stages_ms: dict[str, float]
) -> Throughput:
    """Run `callosal infer` over a folder in a process of its own and watch its memory.

    Args:
        folder: Series to plan on.
        output: Empty folder for the results.
        model: The ONNX file.
        count: Series in the folder.
        stages_ms: Milliseconds of each stage of one case alone.
    """
    words = ["infer", str(folder), "--output", str(output), "--model", str(model)]
    code = f"import sys; sys.argv = ['callosal', *{words!r}]; " \
           "from callosal.pipelines.cli import run; run()"  # fmt: skip
    start, processor = time.perf_counter(), processor_of_children_s()
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    memory: dict[int, float] = {}
    first_row = start
    while process.poll() is None:
        done = _rows(output)
        if done and not memory:
            first_row = time.perf_counter()
        if done:
            memory[done] = max(memory.get(done, 0.0), _resident_mb(process.pid))
        time.sleep(0.1)
    seconds = time.perf_counter() - start
    per_case = (time.perf_counter() - first_row) / max(1, count - 1)
    slowest = _slowest_s(stages_ms)
    quarter = max(1, count // 4)
    first = [mb for done, mb in memory.items() if 2 <= done <= quarter + 1]
    last = [mb for done, mb in memory.items() if done > count - quarter]
    busy = (processor_of_children_s() - processor) / seconds
    return Throughput(
        count, seconds, busy, per_case, slowest, slowest / per_case,
        mean(first or [0.0]), mean(last or [0.0]), max(memory.values(), default=0.0),
        process.returncode,
    )  # fmt: skip


def processor_of_children_s() -> float:
    """Processor seconds of the processes that this one started and that have ended."""
    spent = os.times()
    return spent.children_user + spent.children_system


def _slowest_s(stages_ms: dict[str, float]) -> float:
    """Seconds of the slowest of the stages that may run side by side."""
    reading = stages_ms["headers"] + stages_ms["pixels"]
    writing = stages_ms["write"]
    return max(reading, writing, sum(stages_ms.values()) - reading - writing) / 1000


def _rows(output: Path) -> int:
    try:
        return (output / ROWS).read_bytes().count(b"\n")
    except OSError:
        return 0


def _resident_mb(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/statm").read_text()
    except OSError:
        return 0.0
    return int(text.split()[1]) * 4096 / 2**20
