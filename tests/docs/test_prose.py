"""Pages are short-lined plain English, and each opens with what the reader gets from it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/*/*.md")]
PAGES = [page for page in PAGES if page.parent.name != "synthetic-results"]
README_LINES = 130
LONGEST = 120
FOREIGN = re.compile(
    r"\b(?:anew|whoever|(?:is|are|was|were) told|tells|what is no|where there is one)\b"
)


def prose(page: Path) -> list[str]:
    """Lines of a page outside of fenced blocks."""
    text = page.read_text(encoding="utf-8")
    return re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE).splitlines()


def ids(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= README_LINES


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_lines_are_short_but_for_tables(page: Path) -> None:
    long = [line for line in prose(page) if len(line) > LONGEST and not line.startswith("|")]
    assert not long


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_turns_of_another_language_stay_out(page: Path) -> None:
    found = [line for line in prose(page) if FOREIGN.search(line)]
    assert not found


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent != ROOT], ids=ids)
def test_a_page_opens_with_its_title_and_a_paragraph(page: Path) -> None:
    title, _, opening, *_ = page.read_text(encoding="utf-8").splitlines()
    assert title.startswith("# ")
    assert len(opening.split()) > 8
