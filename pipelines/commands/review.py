"""`callosal review`: see the plans of a run, accept, correct or reject them."""

from pathlib import Path

from callosal.export.shipped import DEFAULT


def review(
    input: Path,
    port: int = 0,
    open: bool = True,
    model: str = DEFAULT,
    read_only: bool = False,
    host_name: list[str] = [],  # noqa: B006 (read only)
    mapping: Path | None = None,
) -> int:
    """Look at the plans of a run in the browser, accept, correct or reject them.

    A server on this machine only serves the page at a secret address until Ctrl-C ends it.
    Decisions are saved as plan.reviewed.json in the folder of each case, with every revision in
    reviews/ beside it, and in results.reviewed.csv of the run; the files that infer wrote are not
    changed.

    Args:
        input: Folder that `callosal infer --output` or `callosal bids` wrote; of the latter all
            participants are shown.
        port: Port on 127.0.0.1; 0 takes a free one.
        open: Open the page in the browser; --no-open does not.
        model: Shipped model or ONNX file, used for files that you drop onto the page.
        read_only: Serve nothing; write a page to look at, review.html, into each case's folder.
        host_name: Further names under which the page is opened, such as localhost or the name at
            the end of a tunnel; under any other name the page answers 403.
        mapping: File that `callosal infer --mapping` wrote: the page then shows number,
            description, protocol, orientation and contrast of each series of this run. None of this
            is written anywhere.

    Returns:
        Exit code 0.
    """
    from callosal.models.errors import InputError

    # The help of this command has to come at once: what reads cases is loaded here.
    from callosal.pipelines.review.read_only import write_read_only_pages
    from callosal.pipelines.review.review_runs import ReviewRuns
    from callosal.pipelines.review.serve import serve

    if read_only and mapping is not None:
        raise InputError(
            "--read-only writes pages, and names of a mapping are never written; leave out one",
            "wrong_usage",
        )
    runs = ReviewRuns.of(input, mapping)
    if read_only:
        count = sum(map(write_read_only_pages, runs.sessions))
        print(f"{count} pages written, each as review.html in its case's folder")
        return 0
    serve(runs, port, open, model, tuple(host_name))
    return 0
