"""Tables of BIDS: columns parted by tabs, n/a for what is not known."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from callosal.models.errors import InputError
from callosal.pipelines.outputs.results import safe_cell

MISSING = "n/a"


def tsv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    r"""A table as text.

    >>> tsv_text(["a", "b"], [{"a": 1.5}])
    'a\tb\n1.5\tn/a\n'
    """
    lines = ["\t".join(columns)]
    lines += ["\t".join(_cell(row.get(column)) for column in columns) for row in rows]
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if value is None or value == "":
        return MISSING
    return " ".join(str(safe_cell(value)).split())


def read_tsv(path: Path) -> list[dict[str, str | None]]:
    """Rows of a table; None for n/a and for empty cells.

    Raises:
        InputError: `bad_table`: it cannot be read.
    """
    lines = io.StringIO(_text(path))
    try:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    except csv.Error as error:
        raise _bad(path, f"cannot be read as a table ({error})") from None
    return [
        {key: None if value in (None, "", MISSING) else value for key, value in row.items() if key}
        for row in rows
    ]


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        raise _bad(path, f"cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _bad(path, f"line {line} is not UTF-8 text") from None


def _bad(path: Path, why: str) -> InputError:
    said = f"{path.name}: {why}; save it as UTF-8 text, with tabs between the columns"
    return InputError(said, "bad_table")
