"""Files of the project that a page, a model card or a docstring names are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("models/weights/*.md")]
CODE = [
    path
    for folder in ("pipelines", "models", "export", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
NAMED = re.compile(
    r"(?<![\w/.-])((?:pipelines|benchmarks|export|models|configs|tests|examples|docs)/[\w./-]+"
    r"\.(?:py|md|yaml|json|template|mjs|svg))\b"
)


def missing(path: Path) -> list[str]:
    names = NAMED.findall(path.read_text(encoding="utf-8"))
    return [name for name in names if not (ROOT / name).exists()]


def test_paths_are_found_on_the_pages() -> None:
    assert sum(len(NAMED.findall(page.read_text(encoding="utf-8"))) for page in PAGES) > 100


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    assert not missing(page)


def test_every_page_that_the_code_names_exists() -> None:
    found = {str(path.relative_to(ROOT)): missing(path) for path in CODE}
    pages = {path: [n for n in names if n.endswith(".md")] for path, names in found.items()}
    assert not {path: names for path, names in pages.items() if names}
