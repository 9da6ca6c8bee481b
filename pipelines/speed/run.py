"""All parts of `callosal bench`, and their record."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from rich.console import Console
from rich.table import Table

from callosal.models.errors import InputError
from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.outputs.atomic import write_text
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.speed.contest import Contest
from callosal.pipelines.speed.limits import Limits, measure_limits, multiply_adds
from callosal.pipelines.speed.machine import describe_machine
from callosal.pipelines.speed.network import network_contests
from callosal.pipelines.speed.reading import reading_contest
from callosal.pipelines.speed.startup import startup_contest
from callosal.pipelines.speed.throughput import copy_series, measure_throughput
from callosal.pipelines.speed.whole import whole_contests

_LOOKS: Final = ((1, 1, 512, 512), (2, 1, 320, 320), (4, 1, 256, 256))
"""What the network sees of a volume at 0.5 mm: the slice, its close views, its neighbours."""

BenchPart = Literal["network", "reading", "plan", "startup", "throughput"]


@dataclass(frozen=True)
class Bench:
    """What to measure.

    Attributes:
        series: Folder of one DICOM series; None for a phantom.
        model: The ONNX file.
        int8: The same in eight bits, where there is one.
        config: Training config that torch builds the same network from.
        plain: benchmarks/speed/plain_pipeline.py, where there is one.
        parts: Which parts.
        rounds: Runs of each contestant.
        copies: Series of the throughput run.
        threads: Threads of every network.
    """

    series: Path | None
    model: Path
    int8: Path | None
    config: Path | None
    plain: Path | None
    parts: Sequence[BenchPart]
    rounds: int
    copies: int
    threads: int


def run_bench(bench: Bench, console: Console) -> dict[str, Any]:
    """Measure and tell; the record of all figures.

    Raises:
        InputError: The series cannot be used.
    """
    record: dict[str, Any] = {"schema": "callosal/bench/1", "machine": describe_machine()}
    limits = measure_limits(bench.threads)
    record["machine"] |= {name: round(value, 1) for name, value in asdict(limits).items()}
    console.print(_machine_line(record["machine"]), markup=False, soft_wrap=True)
    with tempfile.TemporaryDirectory(prefix="callosal-bench-") as folder:
        series = bench.series or _phantom_series(Path(folder) / "phantom")
        if not series.is_dir():
            raise InputError(f"--series {series}: no such folder", "no_such_input")
        record["series"] = {
            "files": sum(path.is_file() for path in series.iterdir()),
            "bytes": sum(path.stat().st_size for path in series.iterdir() if path.is_file()),
            "phantom": bench.series is None,
        }
        contests: list[Contest] = []
        for contest in _contests(bench, limits, series, Path(folder), record):
            contests.append(contest)
            console.print(contest_table(contest))
            for name, lack in contest.absent.items():
                console.print(f"{name}: not measured, {lack}", markup=False, soft_wrap=True)
        record["contests"] = [contest.as_json() for contest in contests]
        if "throughput" in bench.parts:
            record["throughput"] = _throughput(bench, series, Path(folder), record)
            console.print_json(data=record["throughput"])
    record["machine"]["load_after"] = describe_machine()["load"]
    return record


def _contests(
    bench: Bench, limits: Limits, series: Path, folder: Path, record: dict[str, Any]
) -> Iterator[Contest]:
    """The contests that were asked for, one by one; our stages go into the record."""
    if "startup" in bench.parts:
        yield startup_contest(bench.rounds)
    if "reading" in bench.parts:
        limit_s = limits.seconds(record["series"]["bytes"])
        yield reading_contest(series, bench.rounds, limit_s)
    if "plan" in bench.parts or "throughput" in bench.parts:
        plain = bench.plain if "plan" in bench.parts else None
        looked_at = sum(multiply_adds(bench.model, shape) for shape in _LOOKS)
        limit_s = limits.seconds(record["series"]["bytes"], looked_at)
        held, record["stages_ms"] = whole_contests(
            series, bench.model, plain, bench.config, folder / "plan", bench.threads, bench.rounds,
            limit_s,
        )  # fmt: skip
        yield from held if "plan" in bench.parts else ()
    if "network" in bench.parts:
        yield from network_contests(
            bench.model, bench.int8, bench.config, bench.threads, bench.rounds, limits
        )


def _throughput(bench: Bench, series: Path, folder: Path, record: dict[str, Any]) -> dict[str, Any]:
    copy_series(series, folder / "many", bench.copies)
    return measure_throughput(
        folder / "many", folder / "many-out", bench.model, bench.copies, record["stages_ms"]
    ).as_json()


def _phantom_series(folder: Path) -> Path:
    head = phantom_head(0, (192, 256, 256), (0.9, 0.9, 0.9))
    write_mr_series(head.volume, folder, description="phantom")
    return folder


def write_record(path: Path, record: dict[str, Any]) -> None:
    """Write the record as JSON."""
    write_text(path, json.dumps(record, indent=1) + "\n")


def contest_table(contest: Contest) -> Table:
    """One contest as a table."""
    table = Table(title=contest.title)
    headings = ("", "median", "fastest", "ratio", "over the limit", "peak memory")
    for heading in headings:
        table.add_column(heading, justify="right" if heading else "left")
    for row in contest.results:
        peak = "" if row.peak_mb is None else f"{row.peak_mb:.0f} MB"
        over = "" if contest.limit_s is None else f"{row.median_s / contest.limit_s:.1f}"
        times = (_time(row.median_s), _time(row.fastest_s), f"{row.ratio:.2f}")
        table.add_row(row.name, *times, over, peak)
    return table


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


def _machine_line(machine: dict[str, Any]) -> str:
    return (
        f"{machine['cpu']}, {machine['cores']} cores, load {machine['load'][0]}, "
        f"{machine['gflops']} GFLOP/s in large products, {machine['memory_gbps']} GB/s of memory; "
        "onnxruntime "
        f"{machine['versions'].get('onnxruntime')}"
    )
