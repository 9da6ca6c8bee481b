"""docs/reference/dicom-hazards.md names tests and codes that exist."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = (ROOT / "docs" / "reference" / "dicom-hazards.md").read_text(encoding="utf-8")
ROWS = [line for line in TABLE.splitlines() if line.startswith("| ")][1:]


def _tests_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_named_test_exists() -> None:
    assert len(ROWS) > 40
    for row in ROWS:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)
        assert named, row
        for path, test in named:
            assert test in _tests_of(ROOT / path), f"{path}::{test}"


def test_every_code_is_one_that_the_reader_gives() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "pipelines").rglob("*.py")]
    for row in ROWS:
        cell = row.split("|")[3]
        assert "`" in cell or cell.strip() == "-", row
        for code in re.findall(r"`(\w+)`", cell):
            assert any(f'"{code}"' in source for source in sources), code
