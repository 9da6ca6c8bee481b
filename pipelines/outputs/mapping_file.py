"""The file of `callosal infer --mapping`, read back: which case is which series."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from callosal.models.errors import InputError
from callosal.pipelines.outputs.file_names import CASES, ROWS
from callosal.pipelines.outputs.results import read_rows

COLUMNS = (
    "case_id", "kind", "series_number", "description", "protocol", "orientation", "contrast",
    "study_uid", "series_uid", "n_files", "folder", "file",
)  # fmt: skip
_NEEDED = {"case_id", "kind", "study_uid", "series_uid", "n_files", "folder", "file"}

Line = Mapping[str, str]
_SAID = ("description", "protocol", "orientation", "contrast")


def named_cases(mapping: Path | None) -> dict[str, Line]:
    """The lines of a mapping that is there, by case, for a page of this machine.

    Args:
        mapping: The file; None gives no line.

    Raises:
        InputError: `no_mapping`: there is no such file, or it is no mapping (`wrong_usage`).
    """
    if mapping is None:
        return {}
    if not mapping.is_file():
        raise InputError(
            f"--mapping {mapping.name}: is not there; `callosal infer INPUT --output OUT --mapping "
            "FILE` writes it, also later: finished cases are not planned again",
            "no_mapping",
        )
    return read_mapping(mapping)


def cases_of_run(mapping: Path | None, output: Path) -> dict[str, Line]:
    """The lines of a mapping that belong to a run: of its cases, and of what it skipped.

    Args:
        mapping: The file; None gives no line. It may hold other runs too, as a merged one does.
        output: Folder of the run.

    Raises:
        InputError: As of `named_cases`, or no line is of this run (`other_mapping`).
    """
    lines = named_cases(mapping)
    known = {path.name for path in (output / CASES).glob("*")}
    known |= (
        {str(row["case_id"]) for row in read_rows(output)}
        if lines and (output / ROWS).is_file()
        else set()
    )
    found = {name: line for name, line in lines.items() if name in known}
    if mapping is not None and lines and not found:
        raise InputError(
            f"--mapping {mapping.name}: names no case of this run; give the file that `callosal "
            "infer --mapping` wrote for it",
            "other_mapping",
        )
    return found


def name_line(line: Line) -> str:
    """What a page calls a case: number, description, protocol, orientation and contrast; else file.

    >>> name_line({"series_number": "3", "description": "MPRAGE", "contrast": "T1w", "file": ""})
    'series 3, MPRAGE, T1w'
    >>> name_line({"kind": "nifti", "file": "head.nii.gz"})
    'head.nii.gz'
    """
    number = line.get("series_number", "")
    words = [f"series {number}" if number else "", *(line.get(name, "") for name in _SAID)]
    return ", ".join(dict.fromkeys(filter(None, words))) or line.get("file", "")


def read_mapping(mapping: Path) -> dict[str, Line]:
    """Lines of a mapping by case; none where the file is missing or empty.

    One of an older version lacks number, description, protocol, orientation and contrast.

    Raises:
        InputError: `wrong_usage`: the file is no mapping.
    """
    try:
        text = mapping.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _not_ours(mapping, error.strerror or "it cannot be read") from error
    lines: Sequence[dict[str, str]] = list(csv.DictReader(io.StringIO(text)))
    header = set(text.partition("\n")[0].split(","))
    if text and not _NEEDED <= header <= set(COLUMNS):
        raise _not_ours(mapping, "it holds something else")
    return {line["case_id"]: line for line in lines if None not in line.values()}


def _not_ours(mapping: Path, reason: str) -> InputError:
    return InputError(
        f"--mapping {mapping.name}: {reason}, so it is left as it is; name another file",
        "wrong_usage",
    )
