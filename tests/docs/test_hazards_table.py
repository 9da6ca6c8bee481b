"""The tables of hazards and of broken inputs name tests and codes that exist."""

import ast
import re
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _rows(page: str) -> list[str]:
    """Rows of the tables of a page, without their heads."""
    lines = (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines()
    return [line for line, after in pairwise([*lines, ""])
            if line.startswith("| ") and not after.startswith("|---")]  # fmt: skip


HAZARDS = _rows("reference/dicom-hazards.md")
INPUTS = _rows("log/inputs.md")


def _tests_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_named_test_exists() -> None:
    assert len(HAZARDS) > 40
    assert len(INPUTS) > 40
    for row in [*HAZARDS, *INPUTS]:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)
        assert named, row
        for path, test in named:
            assert test in _tests_of(ROOT / path), f"{path}::{test}"


def test_every_code_is_one_that_the_reader_gives() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "pipelines").rglob("*.py")]
    for row in HAZARDS:
        cell = row.split("|")[3]
        assert "`" in cell or cell.strip() == "-", row
        for code in re.findall(r"`(\w+)`", cell):
            assert any(f'"{code}"' in source for source in sources), code
