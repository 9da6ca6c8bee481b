"""The folders of runs that a folder is or holds."""

from pathlib import Path

from callosal.pipelines.outputs.file_names import ROWS, RUNS


def run_folders(folder: Path) -> tuple[Path, ...]:
    """The folder itself, or the run of each participant in what `callosal bids` wrote.

    Args:
        folder: Folder of a run, or of derivatives.

    Returns:
        The runs in the order of their names; the folder itself if it holds none, so that its
        reader names what is missing.
    """
    if (folder / ROWS).is_file():
        return (folder,)
    found = (path.parent for path in (folder / RUNS).glob(f"*/{ROWS}"))
    return tuple(sorted(found)) or (folder,)
