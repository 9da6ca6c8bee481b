import json

from rich.console import Console

from callosal.pipelines.reading.cases import CaseIndex
from callosal.pipelines.reading.place import Place
from callosal.pipelines.reading.series_listing import listing_json, listing_table
from callosal.pipelines.reading.skips import Skip

FILES = Skip("[bold]x", "truncated", "the end [is] missing", 3, "", {}, Place())


def test_files_without_facts_have_their_own_list():
    listing = json.loads(listing_json(CaseIndex((), (FILES,))))
    assert listing["stacks"] == []
    assert listing["files"] == [
        {
            "label": "[bold]x",
            "status": "skipped",
            "code": "truncated",
            "reason": "the end [is] missing",
            "n_files": 3,
        }
    ]


def test_names_cannot_style_the_table():
    console = Console(width=200, record=True, file=None, quiet=False)
    with console.capture() as capture:
        console.print(listing_table(CaseIndex((), (FILES,))))
    assert "[bold]x" in capture.get()
    assert "the end [is] missing" in capture.get()
