"""Finished arms as lines of a file that survives a kill."""

import json
from pathlib import Path
from typing import Any


def finished(results: Path) -> set[str]:
    return {row["key"] for row in read_results(results)}


def read_results(results: Path) -> list[dict[str, Any]]:
    """Rows of a results file; a last line that a kill cut short is left out."""
    if not results.is_file():
        return []
    lines = results.read_text(encoding="utf-8").split("\n")[:-1]
    return [json.loads(line) for line in lines]


def append(results: Path, row: dict[str, Any]) -> None:
    # A line that a kill cut short ends here, so that this one stays whole.
    cut = results.is_file() and not results.read_bytes().endswith(b"\n")
    if cut:
        kept = results.read_text(encoding="utf-8").rpartition("\n")
        results.write_text(kept[0] + kept[1], encoding="utf-8")
    with results.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(row) + "\n")
