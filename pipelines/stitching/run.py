"""All exams among some folders, joined one after the other."""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console

from callosal.models.errors import CallosalError
from callosal.pipelines.outputs.case_folder import read_done
from callosal.pipelines.outputs.case_id import case_id, output_salt
from callosal.pipelines.outputs.exit_code import exit_code
from callosal.pipelines.outputs.file_names import CASES
from callosal.pipelines.outputs.results import failed_row, write_tables
from callosal.pipelines.outputs.run_json import write_run_record
from callosal.pipelines.outputs.run_lock import run_lock
from callosal.pipelines.reading.skips import Skip
from callosal.pipelines.settings import Settings
from callosal.pipelines.stitching.case import KIND, write_exam
from callosal.pipelines.stitching.exams import Exam, find_exams
from callosal.pipelines.stitching.settings import StitchSettings
from callosal.pipelines.stitching.stitch import Stitched, stitch


def run_stitching(inputs: Sequence[Path], output: Path, settings: StitchSettings) -> int:
    """Join every exam among the inputs and write a case folder for each.

    Args:
        inputs: Folders of DICOM files.
        output: Folder of the results.
        settings: How stations are joined.

    Returns:
        Exit code: 0 all joined, 1 nothing could be joined, 2 some of it.

    Raises:
        InputError: No input holds an image.
        OutputError: The output folder cannot be written.
    """
    console = Console()
    index = find_exams(inputs)
    rows, n_whole = [], 0
    with run_lock(output):
        salt = output_salt(output)
        for exam in index.exams:
            name = case_id(exam.uid_key, salt)
            row, is_whole = _join(exam, output / CASES / name, settings, console)
            rows.append(row)
            n_whole += is_whole
        write_tables(output, [*rows, *_rows_of_before(output, rows)])
        write_run_record(output, _record(rows, settings))
    for line in left_out_lines(index.skipped):
        console.print(line, markup=False, soft_wrap=True)
    console.print(f"{n_whole} of {len(index.exams)} exams joined whole; see {output}",
                  markup=False, soft_wrap=True)  # fmt: skip
    if any(row["status"] != "failed" for row in rows):
        console.print(f"next: callosal review {output}", markup=False, soft_wrap=True)
    n_faults = sum(skip.is_fault and skip.code not in _NO_FAULTS for skip in index.skipped)
    n_done = sum(row["status"] != "failed" for row in rows)
    n_parted = len(index.exams) - n_whole
    return exit_code(n_done, len(rows), n_faults + n_parted, nothing_usable=not rows)


def left_out_lines(skipped: Iterable[Skip]) -> list[str]:
    """What was left out and why; what repeats is one line with its number."""
    counts = Counter(f"left out: {skip.label}: {skip.code}: {skip.message}" for skip in skipped)
    return [f"{line} ({count} times)" if count > 1 else line for line, count in counts.items()]


_NO_FAULTS = frozenset({"already_joined", "alone", "not_along_table", "repeated_station",
                        "other_contrast", "other_orientation", "no_dicom_series"})  # fmt: skip
"""Codes of stacks that are no station of any exam, and need not be."""


def _join(
    exam: Exam, folder: Path, settings: StitchSettings, console: Console
) -> tuple[dict[str, Any], bool]:
    """Join one exam; returns its row, and whether all its stations are in the result."""
    started = time.perf_counter()
    try:
        stitched = stitch(exam.load(), settings)
    except CallosalError as error:
        console.print(f"{exam.label}: refused: {error.code}: {error}", markup=False, soft_wrap=True)
        return failed_row(folder.name, KIND, "failed", error.code), False
    seconds = time.perf_counter() - started
    written = write_exam(folder, exam, stitched, settings, seconds)
    console.print(f"{exam.label}: {_summary(stitched, str(written.record['status']))}",
                  markup=False, soft_wrap=True)  # fmt: skip
    for message in written.record["messages"]:
        console.print(f"  {message}", markup=False, soft_wrap=True)
    return dict(written.row), len(stitched.stations) == len(exam.stacks)


def _summary(stitched: Stitched, status: str) -> str:
    n, rows, columns = stitched.volume.spatial_shape
    text = f"{len(stitched.stations)} stations, {n} slices of {columns} x {rows}, {status}"
    shifts = [
        f"{max(abs(j.registration.down_mm), abs(j.registration.along_mm)):.1f}"
        for j in stitched.joints
        if j.registration is not None
    ]
    moved = f"; shifts up to {', '.join(shifts)} mm" if shifts else ""
    return f"{text}{moved}; confidence {stitched.confidence:.2f}"


def _rows_of_before(output: Path, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of finished cases of earlier runs into the same folder."""
    new = {row["case_id"] for row in rows}
    folders = sorted((output / CASES).glob("*")) if (output / CASES).is_dir() else []
    done = [read_done(folder) for folder in folders if folder.name not in new]
    return [one.row for one in done if one is not None]


def _record(rows: Sequence[dict[str, Any]], settings: StitchSettings) -> dict[str, Any]:
    plan_settings = Settings()
    return {
        "schema": "callosal/run/1",
        "command": "stitch",
        "config": {**asdict(plan_settings), "stitch": {
            name: str(value) if isinstance(value, str) else value
            for name, value in asdict(settings).items()
        }},
        "config_sha256": plan_settings.config_sha256,
        "versions": {"callosal": version("callosal")},
        "counts": {"exams": len(rows)},
    }  # fmt: skip
