"""`callosal merge`: the parts of a run as one."""

from pathlib import Path


def merge(inputs: list[Path], output: Path) -> int:
    """Put the output folders of several `callosal infer` runs together as one.

    For runs that shared the work by --part-id and --num-parts, each with its own output folder.
    Case folders are copied; the parts stay as they are.

    Args:
        inputs: Output folders of `callosal infer`, of one model and the same settings.
        output: Folder to write into; made where it is missing.

    Returns:
        Exit code: 0 all done, 1 nothing was done, 2 some cases failed or were refused, or parts
        are missing.
    """
    from rich.console import Console

    from callosal.pipelines.batch.merge import merge_runs

    return merge_runs(inputs, output, Console(stderr=True))
