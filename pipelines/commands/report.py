"""`callosal report`: the page of a run, made anew."""

from pathlib import Path

from rich.console import Console


def report(input: Path) -> int:
    """Write report.html of a folder that `callosal infer` wrote.

    `infer` and `demo` write it themselves; this makes it again, for a run of an older version or
    after files of its cases were changed. The page holds its pictures and loads nothing.

    Args:
        input: The run's folder, with results.jsonl.

    Returns:
        Exit code 0.
    """
    from callosal.pipelines.report.page import write_report

    path = write_report(input)
    Console().print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)", markup=False, soft_wrap=True)
    return 0
