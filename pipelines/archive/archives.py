"""The archives that options name."""

from collections.abc import Sequence

from callosal.pipelines.archive.destination import Node
from callosal.pipelines.archive.sender import Archive


def open_archives(nodes: Sequence[Node], title: str) -> list[Archive]:
    """Archives to send to; nothing is connected yet.

    Args:
        nodes: Those that take C-STORE.
        title: AE title of this side.
    """
    if not nodes:
        return []
    # Only who sends needs the package.
    from callosal.pipelines.archive.c_store import StoreArchive

    return [StoreArchive(node, title) for node in nodes]
