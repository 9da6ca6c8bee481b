"""A whole run: list the cases, plan on each, write tables and record."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from callosal.export.devices import Device
from callosal.export.runtime import open_segmenter
from callosal.export.shipped import resolve_model
from callosal.models.errors import InputError
from callosal.pipelines.batch.case_folder import Fingerprint
from callosal.pipelines.batch.case_id import case_id, output_salt
from callosal.pipelines.batch.discretion import told
from callosal.pipelines.batch.driver import make_jobs, run_jobs, settings_sha256, split_finished
from callosal.pipelines.batch.results import Row, failed_row, write_tables
from callosal.pipelines.batch.run_record import write_run_record
from callosal.pipelines.process_case import process_case
from callosal.pipelines.reading.cases import find_cases
from callosal.pipelines.reading.skips import Skip
from callosal.pipelines.settings import Settings


@dataclass(frozen=True)
class Engine:
    """What runs the cases.

    Attributes:
        model: Name of a shipped model, or an ONNX file.
        device: Where the network runs.
        threads: Threads of the network; None for the cores this process may use.
        workers: Threads that read ahead.
    """

    model: str
    device: Device
    threads: int | None
    workers: int


@dataclass(frozen=True)
class Part:
    """One of several shares of the cases, counted from 0."""

    index: int = 0
    count: int = 1


def run_batch(
    inputs: Sequence[Path],
    output: Path,
    engine: Engine,
    part: Part,
    overwrite: bool,
    settings: Settings,
) -> int:
    """Plan on every case among the inputs; see `callosal infer`.

    Returns:
        Exit code: 0 all done, 1 nothing could be done, 2 some cases failed or were refused.

    Raises:
        CallosalError: Nothing can be run at all: no input, no model, no device, no output.
    """
    console = Console(stderr=True)
    start = time.perf_counter()
    index = find_cases(inputs)
    listed = time.perf_counter()
    segmenter = open_segmenter(resolve_model(engine.model), engine.device, engine.threads)
    opened = time.perf_counter()
    _make_folder(output)
    config = asdict(settings)
    config_sha256 = settings_sha256(config)
    fingerprint = Fingerprint("", segmenter.sha256, config_sha256, version("callosal"))
    salt = output_salt(output)
    jobs = make_jobs(index.cases, salt, fingerprint, part.index, part.count)
    to_do, rows = (jobs, []) if overwrite else split_finished(jobs, output)
    skipped = [_skipped_row(skip, salt, console) for skip in index.skipped]
    n_kept = len(rows)
    try:
        for row in run_jobs(
            to_do,
            output,
            lambda case, volume: process_case(case, volume, segmenter, settings, config_sha256),
            engine.workers,
            console,
        ):
            rows.append(row)
    finally:
        timings_s = {
            "list": listed - start,
            "open_model": opened - listed,
            "cases": time.perf_counter() - opened,
        }
        write_tables(output, [*rows, *skipped])
        write_run_record(
            output, segmenter, engine.device, config, config_sha256, [*rows, *skipped], timings_s
        )
    _report([*rows, *skipped], n_kept, output, console)
    return _exit_code(rows, len(jobs), any(skip.is_fault for skip in index.skipped))


def _make_folder(output: Path) -> None:
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"--output {output}: cannot be made ({error.strerror})", code="bad_output"
        ) from error


def _skipped_row(skip: Skip, salt: str, console: Console) -> Row:
    """Row of what is no case; faults are told on the console at once."""
    name = case_id(skip.uid_key or f"{skip.label}:{skip.code}", salt)
    if skip.is_fault:
        line = told(console, f"{name} skipped: {skip.code}", f"{skip.label}: {skip.message}")
        console.print(line, markup=False, soft_wrap=True)
    return failed_row(name, str(skip.source.get("kind", "files")), "skipped", skip.code)


def _report(rows: Sequence[Row], n_kept: int, output: Path, console: Console) -> None:
    counts: dict[str, int] = {}
    for row in rows:
        counts[str(row["status"])] = counts.get(str(row["status"]), 0) + 1
    numbers = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    finished = f", {n_kept} of them finished before" if n_kept else ""
    line = told(console, f"{numbers or 'no case'}{finished}", f"results in {output}")
    console.print(line, markup=False)


def _exit_code(rows: Sequence[Row], n_jobs: int, faults: bool) -> int:
    planned = sum(row["status"] in ("ok", "low_confidence") for row in rows)
    if not planned and (n_jobs or faults):
        return 1
    return 2 if faults or planned < n_jobs else 0
