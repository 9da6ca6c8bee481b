"""Which case is which series: written on request alone, for one person, outside of the results.

Tables, report and plans can be passed on, for nothing in them tells who the patient is. This file
undoes that, so it is never made unasked, never lies in the output folder, and its mode is 0600.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from callosal.models.errors import InputError
from callosal.pipelines.batch.jobs import Job
from callosal.pipelines.batch.work import Work
from callosal.pipelines.outputs.atomic import write_bytes
from callosal.pipelines.outputs.results import safe_cell
from callosal.pipelines.reading.place import Place

COLUMNS = ("case_id", "kind", "study_uid", "series_uid", "n_files", "folder", "file")

Line = Mapping[str, str]


def check_mapping(mapping: Path | None, output: Path) -> None:
    """Refuse a place from which the mapping would be passed on with the results.

    Raises:
        InputError: `mapping_in_output`, or `wrong_usage` where the place is a folder, its folder
            is not there, or another file is.
    """
    if mapping is None:
        return
    place = mapping.resolve()
    if place.is_relative_to(output.resolve()):
        raise InputError(
            f"--mapping {mapping.name}: lies in the output folder, which may be passed on; name "
            "a file elsewhere",
            "mapping_in_output",
        )
    if place.is_dir() or not place.parent.is_dir():
        raise InputError(
            f"--mapping {mapping.name}: must be a file in a folder that is there", "wrong_usage"
        )
    _read(mapping)


def mapped(work: Work) -> dict[str, Line]:
    """Lines of the mapping by case id: the cases, and what is none."""
    others = [_line(aside.row, aside.skip.place, aside.skip.n_files) for aside in work.asides]
    cases = [_case_line(job) for job in work.jobs]
    return {line["case_id"]: line for line in (*others, *cases)}


def write_mapping(mapping: Path | None, lines: Mapping[str, Line]) -> None:
    """Write the lines, and keep those of other cases that the file holds already.

    Args:
        mapping: The file; None writes nothing.
        lines: Lines by case, as of `mapped`.

    Raises:
        OutputError: It cannot be written.
    """
    if mapping is None:
        return
    merged = {**_read(mapping), **lines}
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for _, line in sorted(merged.items()):
        writer.writerow({name: safe_cell(line[name]) for name in COLUMNS})
    write_bytes(mapping, text.getvalue().encode("utf-8", "surrogateescape"), mode=0o600)


def _case_line(job: Job) -> Line:
    content = job.case.content
    n_files = 1 if isinstance(content, Path) else content.n_files
    return _line({"case_id": job.name, "kind": job.case.kind}, Place.of(content), n_files)


def _line(row: Mapping[str, Any], place: Place, n_files: int) -> Line:
    names = {name: str(row[name]) for name in ("case_id", "kind")}
    return {**names, **asdict(place), "n_files": str(n_files)}


def _read(mapping: Path) -> dict[str, Line]:
    """Lines that are there; none where the file is not one of ours."""
    try:
        text = mapping.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _not_ours(mapping, error.strerror or "it cannot be read") from error
    lines: Sequence[dict[str, str]] = list(csv.DictReader(io.StringIO(text)))
    if text and not text.startswith(",".join(COLUMNS) + "\n"):
        raise _not_ours(mapping, "it holds something else")
    return {line["case_id"]: line for line in lines if None not in line.values()}


def _not_ours(mapping: Path, reason: str) -> InputError:
    return InputError(
        f"--mapping {mapping.name}: {reason}, so it is left as it is; name another file",
        "wrong_usage",
    )
