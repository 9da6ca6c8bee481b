"""The parts of a run that several machines shared, put together as one run folder."""

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from callosal.models.errors import InputError
from callosal.pipelines.console.private_line import private_line
from callosal.pipelines.outputs.atomic import make_folder, remove, sweep_temporaries, write_bytes
from callosal.pipelines.outputs.case_folder import read_done
from callosal.pipelines.outputs.exit_code import ALL_DONE, SOME_DONE, exit_code
from callosal.pipelines.outputs.file_names import (
    CASES,
    DONE,
    OUTPUTS,
    REJECTED,
    REVIEW_FILES,
    REVIEWED_PLAN,
    REVISIONS,
    RUN_FILE,
)
from callosal.pipelines.outputs.measures_table import write_measures
from callosal.pipelines.outputs.rejection import is_rejected, set_objects_aside
from callosal.pipelines.outputs.results import Row, is_planned, read_rows, write_tables
from callosal.pipelines.outputs.reviewed_row import automatic_row
from callosal.pipelines.outputs.run_json import write_run_record
from callosal.pipelines.outputs.run_lock import run_lock
from callosal.pipelines.reading.skips import NOT_MEANT
from callosal.pipelines.report.page import write_report

_SHARED = ("model", "config_sha256")


@dataclass(frozen=True)
class PartRun:
    """One finished part.

    Attributes:
        folder: Its run folder.
        record: Content of its run.json.
        rows: Its rows.
    """

    folder: Path
    record: dict[str, Any]
    rows: list[dict[str, Any]]


def merge_runs(folders: Sequence[Path], output: Path, console: Console) -> int:
    """Put run folders together; those of the parts stay as they are.

    A case that several folders hold is taken from the first. Done again, it takes over what is
    new and leaves the rest.

    Args:
        folders: Run folders of `callosal infer`.
        output: Folder to write into; made where it is missing.
        console: Where the counts go.

    Returns:
        Exit code as of `callosal infer`, 2 also where parts are missing.

    Raises:
        InputError: `bad_run_folder`, or `mixed_runs` where models or settings differ.
        OutputError: A run still goes on in one of the folders, or the output cannot be written.
    """
    resolved = [folder.resolve() for folder in folders]
    for folder in folders:
        if resolved.count(folder.resolve()) > 1:
            raise InputError(f"{folder.name}: is named twice; name each part once", "wrong_usage")
    if any(folder.resolve() == output.resolve() for folder in folders):
        raise InputError(
            f"--output {output.name}: is one of the folders to merge; choose another", "wrong_usage"
        )
    parts = [_read_record(folder) for folder in folders]
    _check_alike(parts, folders)
    with ExitStack() as held:
        for folder in (*folders, output):
            held.enter_context(run_lock(folder))
        runs = [
            PartRun(folder, record, read_rows(folder))
            for folder, record in zip(folders, parts, strict=True)
        ]
        _check_names(runs)
        rows = _merge_cases(runs, output)
        write_tables(output, rows)
        write_measures(output, rows)
        write_run_record(output, _record(runs, rows))
        write_report(output)
    missing = _missing_parts(parts)
    counts = ", ".join(f"{n} {status}" for status, n in sorted(_counts(rows).items()))
    for line in missing:
        console.print(f"callosal merge: missing_part: {line}", markup=False, soft_wrap=True)
    line = private_line(console, counts or "no case", f"results in {output}")
    console.print(line, markup=False, soft_wrap=True)
    return _exit_code(rows) or (SOME_DONE if missing else ALL_DONE)


def _read_record(folder: Path) -> dict[str, Any]:
    try:
        record = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
        if record["schema"] != "callosal/run/1":
            raise ValueError(record["schema"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{folder.name}: holds no run.json of `callosal infer`; check the path, or finish the "
            "run",
            "bad_run_folder",
        ) from error
    return dict(record)


def _check_alike(records: Sequence[dict[str, Any]], folders: Sequence[Path]) -> None:
    """Refuse runs of different models, settings or versions: one table must not mix them."""
    first = _identity(records[0])
    for record, folder in zip(records, folders, strict=True):
        if _identity(record) != first:
            raise InputError(
                f"{folder.name}: ran with another model, other settings or another version than "
                f"{folders[0].name}; run it again with the same ones",
                "mixed_runs",
            )


def _identity(record: dict[str, Any]) -> list[Any]:
    version = record.get("versions", {}).get("callosal")
    return [*(record.get(name) for name in _SHARED), version]


def _check_names(runs: Sequence[PartRun]) -> None:
    """Refuse two images of one name: hashes of different runs differ, names of files may not."""
    known: dict[str, tuple[str, Path]] = {}
    for run in runs:
        for row in run.rows:
            name = str(row["case_id"])
            done = read_done(run.folder / CASES / name)
            found = "" if done is None else done.fingerprint.input
            other, folder = known.setdefault(name.casefold(), (found, run.folder))
            if found and other and found != other:
                raise InputError(
                    f"{run.folder.name} and {folder.name}: both have a case {name}, of different "
                    "images; run one of them with --names hash",
                    "same_names",
                )


def _merge_cases(runs: Sequence[PartRun], output: Path) -> list[Row]:
    """Take over the case folders, and return the rows of all."""
    rows: list[Row] = []
    seen: set[str] = set()
    make_folder(output / CASES)
    for run in runs:
        for row in run.rows:
            source = run.folder / CASES / str(row["case_id"])
            done = read_done(source)
            if done is not None and done.fingerprint.input in seen:
                continue
            if done is not None:
                seen.add(done.fingerprint.input)
            if source.is_dir():
                _take_over(source, output / CASES / source.name)
            rows.append(automatic_row(source, row))
    return rows


def _take_over(source: Path, target: Path) -> None:
    """Copy a case folder; `done.json` goes last, as where it was made."""
    make_folder(target)
    if not (target / REVIEWED_PLAN).is_file():
        _take_over_review(source, target)
    done = source / DONE
    if done.is_file() and _same(done, target / DONE) and read_done(target) is not None:
        return
    sweep_temporaries(target)
    for name in sorted({DONE, *OUTPUTS}):
        remove(target / name)
    for name in sorted(OUTPUTS):
        for path in (source / name, source / REJECTED / name):
            if path.is_file():
                write_bytes(target / name, path.read_bytes())
    if is_rejected(target):
        set_objects_aside(target)
    if done.is_file():
        write_bytes(target / DONE, done.read_bytes())


def _take_over_review(source: Path, target: Path) -> None:
    """Copy the review of a case, every revision of it; plan.reviewed.json goes last."""
    if not (source / REVIEWED_PLAN).is_file():
        return
    make_folder(target / REVISIONS)
    for path in sorted((source / REVISIONS).iterdir()):
        write_bytes(target / REVISIONS / path.name, path.read_bytes())
    for name in (*REVIEW_FILES, REVIEWED_PLAN):
        if (source / name).is_file():
            write_bytes(target / name, (source / name).read_bytes())


def _same(first: Path, second: Path) -> bool:
    return second.is_file() and first.read_bytes() == second.read_bytes()


def _record(runs: Sequence[PartRun], rows: Sequence[Row]) -> dict[str, Any]:
    """run.json of the whole: what the parts share, and each part's own."""
    own = ("part", "argv", "device", "versions", "python", "machine", "counts", "timings_s")
    shared = ("schema", "config", "config_sha256", "model", "versions", "names")
    names = sorted({name for run in runs for name in run.record.get("timings_s", {})})
    return {
        **{name: runs[0].record.get(name) for name in shared},
        "command": "merge",
        "counts": _counts(rows),
        "timings_s": {
            name: round(sum(run.record.get("timings_s", {}).get(name, 0.0) for run in runs), 3)
            for name in names
        },
        "parts": [{name: run.record.get(name) for name in own} for run in runs],
    }


def _missing_parts(records: Sequence[dict[str, Any]]) -> list[str]:
    """What parts there should be and are not."""
    found = {(part["count"], part["index"]) for part in (r.get("part") for r in records) if part}
    return [
        f"part {index} of {count} is not among the folders"
        for count in sorted({count for count, _ in found})
        for index in range(count)
        if (count, index) not in found
    ]


def _counts(rows: Sequence[Row]) -> dict[str, int]:
    return dict(Counter(str(row["status"]) for row in rows))


def _exit_code(rows: Sequence[Row]) -> int:
    skipped = [row for row in rows if row["status"] == "skipped"]
    n_faults = sum(str(row["reasons"]) not in NOT_MEANT for row in skipped)
    n_planned, n_cases = sum(map(is_planned, rows)), len(rows) - len(skipped)
    nothing_usable = bool(rows) and not n_cases
    return exit_code(n_planned, n_cases, n_faults, nothing_usable)
