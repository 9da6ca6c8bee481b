"""`callosal report`: write the page of a run again."""

from pathlib import Path

from rich.console import Console


def report(input: Path, mapping: Path | None = None, port: int = 0, open: bool = True) -> int:
    """Write report.html for a folder that `callosal infer` wrote.

    `infer` and `demo` write it themselves; this command writes it again, for a run of an older
    version or after files of its cases were changed. The page contains its pictures and loads
    nothing.

    Args:
        input: The run's folder, with results.jsonl, or the output of `callosal bids`, which holds a
            run of each participant.
        mapping: File that `callosal infer --mapping` wrote. A server on this machine only then also
            shows the page with number, description, protocol, orientation and contrast of each
            series, until Ctrl-C ends it; the file report.html contains none of these.
        port: Port of that server on 127.0.0.1; 0 takes a free one.
        open: Open that page in the browser; --no-open does not.

    Returns:
        Exit code 0.
    """
    from callosal.pipelines.outputs.run_folders import run_folders
    from callosal.pipelines.report.page import write_report

    for folder in run_folders(input):
        path = write_report(folder)
        said = f"{path} ({path.stat().st_size / 1e6:.1f} MB)"
        Console().print(said, markup=False, soft_wrap=True)
    if mapping is not None:
        from callosal.export.shipped import DEFAULT
        from callosal.pipelines.review.review_runs import ReviewRuns
        from callosal.pipelines.review.serve import serve

        serve(ReviewRuns.of(input, mapping), port, open, DEFAULT, page="report.html?review")
    return 0
