"""review.html: one case to look at from disk, without a server, in one file.

A browser loads no module from disk, so the page's modules are put one after the other into one
script; that works because they share no top-level name (a test watches).
"""

import json
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

from callosal.models.errors import InputError
from callosal.pipelines.outputs.atomic import write_text
from callosal.pipelines.outputs.file_names import REPORT, REVIEW_PAGE
from callosal.pipelines.pictures.reason_words import page_words
from callosal.pipelines.review.neighbours import no_neighbours
from callosal.pipelines.review.page_files import page_files, page_folder
from callosal.pipelines.review.picture_entry import packed_levels
from callosal.pipelines.review.review_session import ReviewSession

MAIN = "main.js"

_IMPORT = re.compile(r'^import [^;]*? from "\./([a-z_]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=class |function |async function |const |let )", re.MULTILINE)
_LINKS = re.compile(r'<(link rel="stylesheet"|script type="module")[^>]*>(</script>)?\n')
# Nothing may be asked for at all: everything is in the file.
_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"


def write_read_only_pages(desk: ReviewSession) -> int:
    """Write a page into the folder of each case that can be looked at.

    Returns:
        How many were written.

    Raises:
        OSError: The disk is full or read-only.
    """
    written = 0
    for name in desk.names:
        try:
            page = read_only_page(desk, name)
        except InputError as error:
            if error.code != "no_views":
                raise
            continue
        write_text(desk.folder(name) / REVIEW_PAGE, page)
        written += 1
    return written


def read_only_page(desk: ReviewSession, name: str) -> str:
    """The page of one case, self-contained.

    Raises:
        InputError: The case has nothing to look at, or is broken.
    """
    entry = desk.case_entry(name)
    entry["neighbours"] = no_neighbours("A page on disk holds the midsagittal slice alone.")
    content = {
        "entry": entry,
        "version": version("callosal"),
        "words": page_words(),
        "has_report": (desk.output / REPORT).is_file(),
        "pictures": {
            key: packed_levels(desk.picture(name, key).pixels) for key in entry["pictures"]
        },
    }
    html = (page_folder() / "index.html").read_text(encoding="utf-8")
    head = "\n".join(
        [
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            *(f"<style>\n{_text(sheet)}</style>" for sheet in ("style.css", "review.css")),
            "</head>",
        ]
    )
    tail = "\n".join(
        [
            f'<script type="application/json" id="embedded">{_json(content)}</script>',
            f'<script type="module">\n{bundle(page_folder())}</script>',
            "</body>",
        ]
    )
    html = _LINKS.sub("", html).replace("report.html?review", "../../report.html")
    return html.replace("</head>", head, 1).replace("</body>", tail, 1)


def bundle(folder: Path) -> str:
    """The page's modules as one script, each behind those it imports."""
    done: dict[str, str] = {}
    _add_module(folder, MAIN, done)
    return "\n".join(done.values())


def _add_module(folder: Path, name: str, done: dict[str, str]) -> None:
    if name in done:
        return
    text = (folder / name).read_text(encoding="utf-8")
    for imported in _IMPORT.findall(text):
        _add_module(folder, imported, done)
    done[name] = _EXPORT.sub("", _IMPORT.sub("", text))


def _text(name: str) -> str:
    return page_files()[name].read().decode("utf-8")


def _json(content: Any) -> str:
    """JSON that ends no script element, whatever a comment holds."""
    return json.dumps(content, allow_nan=False).replace("<", "\\u003c")
