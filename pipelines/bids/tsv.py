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
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(
            f"{path.name}: cannot be read as a table ({type(error).__name__}); write it as UTF-8 "
            "text with tabs",
            "bad_table",
        ) from None
    return [
        {key: None if value in (None, "", MISSING) else value for key, value in row.items() if key}
        for row in rows
    ]
