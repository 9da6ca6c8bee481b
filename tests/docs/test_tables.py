"""Tables of the pages are whole; docs/reference/measures.md defines every measure."""

import re
from pathlib import Path

import numpy as np
import pytest

from callosal.pipelines.geometry.reference_line import LineKind, find_reference_line
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.morphometry.measures import measure
from tests.morphometry.bands import callosum_outline, empty_slice

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("models/weights/*.md")]
FENCED = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
BETWEEN_CELLS = re.compile(r"(?<!\\)\|")
RULE = re.compile(r"\|(\s*:?-+:?\s*\|)+")
PARTS = re.compile(r"`(\w+_)1_mm2` \.\.\. `_(\d)_mm2`")


def tables(text: str) -> list[list[list[str]]]:
    """Tables of a page: rows of cells, header first, without the rule below it."""
    found: list[list[list[str]]] = []
    inside = False
    for line in FENCED.sub("", text).splitlines():
        row = line.strip()
        if not row.startswith("|"):
            inside = False
        elif not RULE.fullmatch(row):
            cells = [cell.strip() for cell in BETWEEN_CELLS.split(row)[1:-1]]
            if inside:
                found[-1].append(cells)
            else:
                found.append([cells])
            inside = True
    return found


def defined(table: list[list[str]]) -> dict[str, list[str]]:
    """Rows of a table of definitions by the name of each measure; `a_1_mm2` ... is spelt out."""
    rows: dict[str, list[str]] = {}
    for row in table[1:]:
        spelt = PARTS.findall(row[0])
        names = [f"{stem}{i}_mm2" for stem, last in spelt for i in range(1, int(last) + 1)]
        for name in names or re.findall(r"`(\w+)`", row[0]):
            assert name not in rows, name
            rows[name] = row
    return rows


def taken() -> set[str]:
    """Names of all measures that the program takes of a callosum."""
    outline_mm = callosum_outline()
    box = RotatedBox.around(outline_mm)
    line = find_reference_line(LineKind.SUBCALLOSAL, outline_mm, box)
    grid = empty_slice((1.0, 1.0), (8, 8))
    found = measure(outline_mm, np.ones((8, 8)), grid, box, line)
    return {*found.as_document(), "thickness_profile_mm"}


def test_the_pages_are_found() -> None:
    assert {"README.md", "measures.md", "attention_unet.md"} <= {page.name for page in PAGES}
    assert sum(len(tables(page.read_text(encoding="utf-8"))) for page in PAGES) > 40


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_row_has_the_columns_of_its_header(page: Path) -> None:
    for header, *rows in tables(page.read_text(encoding="utf-8")):
        for row in rows:
            assert len(row) == len(header), row


def test_every_measure_is_defined_with_unit_and_source() -> None:
    page = next(page for page in PAGES if page.name == "measures.md")
    (table,) = [
        table
        for table in tables(page.read_text(encoding="utf-8"))
        if table[0] == ["name", "unit", "definition", "source"]
    ]
    rows = defined(table)
    assert rows.keys() == taken()
    assert not [row for row in rows.values() if not all(row)]
