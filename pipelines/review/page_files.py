"""The files that the server gives out: a list made once, so no path is ever looked up."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".dcm": "application/dicom",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class PageFile:
    """One file.

    Attributes:
        path: Where it lies.
        content_type: Its media type.
    """

    path: Path
    content_type: str

    def read(self) -> bytes:
        """Its content."""
        return self.path.read_bytes()


def page_folder() -> Path:
    """Folder of the page's own files."""
    return Path(str(files("callosal.pipelines.review"))) / "page"


def page_files() -> dict[str, PageFile]:
    """The page's own files by path, and the style it shares with the report."""
    shared = Path(str(files("callosal.pipelines.report"))) / "style.css"
    return {path.name: _file(path) for path in (shared, *_known(page_folder()))}


def _known(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.iterdir()) if path.suffix in CONTENT_TYPES)


def _file(path: Path) -> PageFile:
    return PageFile(path, CONTENT_TYPES[path.suffix])
