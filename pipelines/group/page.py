"""group.html: one self-contained page of a whole group, which loads nothing."""

from collections.abc import Mapping
from html import escape
from typing import Any

from callosal.pipelines.pictures.reason_words import page_words
from callosal.pipelines.report.html_parts import filled_page, json_block

STYLES = ("../report/style.css", "../report/figures.css", "group.css")
SCRIPTS = (
    "elements.js",
    "plots.js",
    "distribution.js",
    "thickness.js",
    "difference_map.js",
    "age.js",
    "tables.js",
    "group.js",
)


def group_page(
    dataset: str, data: Mapping[str, Any], pictures: Mapping[str, str], version: str
) -> str:
    """The page as HTML.

    Nothing in a table can become markup or script: data is in JSON blocks without `<`, and the
    policy allows this page's own script alone, by its hash.

    Args:
        dataset: Name of the dataset.
        data: Of `page_data`.
        pictures: Of `pictures`.
        version: Version of callosal.
    """
    return filled_page(
        "group",
        "group.html",
        STYLES,
        SCRIPTS,
        dataset=escape(dataset),
        version=escape(version),
        headline=escape(headline(data)),
        words=json_block(page_words()),
        data=json_block(data),
        pictures=json_block(pictures),
    )


def headline(data: Mapping[str, Any]) -> str:
    """How much there is, in one sentence.

    >>> headline({"rows": [{"participant_id": "sub-1", "is_sure": True}], "without_results": []})
    '1 image of 1 participant; 1 measured with confidence'
    """
    rows = data["rows"]
    people = {row["participant_id"] for row in rows}
    sure = sum(row["is_sure"] for row in rows)
    told = [
        f"{_count(len(rows), 'image')} of {_count(len(people), 'participant')}",
        f"{sure} measured with confidence",
    ]
    if len(rows) > sure:
        told.append(f"{len(rows) - sure} left out of the statistics")
    if data["without_results"]:
        told.append(f"no results of {_count(len(data['without_results']), 'listed participant')}")
    return "; ".join(told)


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
