"""Which case is which series: written on request alone, for one person, outside of the results.

Tables, report and plans can be passed on, for nothing in them tells who the patient is. This file
undoes that, so it is never made unasked, never lies in the output folder, and its mode is 0600.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from callosal.models.errors import InputError
from callosal.pipelines.batch.jobs import Job
from callosal.pipelines.batch.work import SkippedInput, Work
from callosal.pipelines.outputs.atomic import write_bytes
from callosal.pipelines.outputs.mapping_file import COLUMNS, Line, named_cases, read_mapping
from callosal.pipelines.outputs.results import safe_cell
from callosal.pipelines.reading.place import Place
from callosal.pipelines.reading.series_words import SeriesWords, series_words


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
    read_mapping(mapping)


def mapped(work: Work) -> dict[str, Line]:
    """Lines of the mapping by case id: the cases, and what is none."""
    others = [_aside_line(aside) for aside in work.asides]
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
    merged = {**read_mapping(mapping), **lines}
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for _, line in sorted(merged.items()):
        writer.writerow({name: safe_cell(line.get(name, "")) for name in COLUMNS})
    write_bytes(mapping, text.getvalue().encode("utf-8", "surrogateescape"), mode=0o600)


def _case_line(job: Job) -> Line:
    content = job.case.content
    n_files = 1 if isinstance(content, Path) else content.n_files
    row = {"case_id": job.name, "kind": job.case.kind}
    return _line(row, Place.of(content), n_files, series_words(content))


def _aside_line(aside: SkippedInput) -> Line:
    skip = aside.skip
    words = None if skip.content is None else series_words(skip.content)
    return _line(aside.row, skip.place, skip.n_files, words)


def _line(
    row: Mapping[str, Any], place: Place, n_files: int, words: SeriesWords | None = None
) -> Line:
    names = {name: str(row[name]) for name in ("case_id", "kind")}
    return {**names, **asdict(words or SeriesWords()), **asdict(place), "n_files": str(n_files)}


def join_mappings(mappings: Sequence[Path], mapping: Path | None, names: Iterable[str]) -> None:
    """Write the lines of several mappings into one, those of the given cases alone.

    Args:
        mappings: The mappings of the parts of a run; of a case in several, the first counts.
        mapping: The file; None writes nothing.
        names: Cases of the whole run.

    Raises:
        InputError: One of the files is missing or is no mapping.
        OutputError: It cannot be written.
    """
    lines: dict[str, Line] = {}
    for part in mappings:
        lines = {**named_cases(part), **lines}
    write_mapping(mapping, {name: lines[name] for name in names if name in lines})
