"""Puts runs on the review server until the user ends it."""

import threading
import webbrowser
from importlib.metadata import version

from rich.console import Console

from callosal.export.runtime import open_segmenter
from callosal.export.shipped import resolve_model
from callosal.models.errors import InputError
from callosal.pipelines.outputs.file_names import REPORT
from callosal.pipelines.pictures.reason_words import page_words
from callosal.pipelines.review.page_files import page_files
from callosal.pipelines.review.review_runs import ReviewRuns
from callosal.pipelines.review.routes import Routes
from callosal.pipelines.review.server import MAX_TRIED_BYTES, ReviewServer
from callosal.pipelines.review.tried_files import FileTrial


def serve(
    runs: ReviewRuns,
    port: int,
    opens: bool,
    model: str,
    host_names: tuple[str, ...] = (),
    page: str = "",
) -> None:
    """Serve until Ctrl-C.

    Args:
        runs: The runs.
        port: Port to take, 0 for any free one.
        opens: Whether to open the browser.
        model: Model that plans files dropped onto the page.
        host_names: Further names that the server is reached by.
        page: Page to open, "" for the review.

    Raises:
        InputError: The port is taken (`port_taken`).
        ModelFileError: The model does not exist.
    """
    console = Console(stderr=True)
    with make_server(runs, port, model, host_names) as server:
        console.print(f"{len(runs.names)} cases to review; Ctrl-C ends it", markup=False)
        # The address on a line of its own, on stdout: scripts and people copy it.
        url = server.guard.url + page
        print(url, flush=True)
        if opens:
            threading.Thread(target=webbrowser.open, args=[url], daemon=True).start()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            runs.wait()
            console.print("ended; all decisions are kept, and report.html shows them")


def make_server(
    runs: ReviewRuns,
    port: int,
    model: str,
    host_names: tuple[str, ...] = (),
) -> ReviewServer:
    """The server of some runs, listening but not serving yet."""
    segmenter = open_segmenter(resolve_model(model), "cpu")
    facts = {
        "version": version("callosal"),
        "model": segmenter.contract.name,
        "most_bytes": MAX_TRIED_BYTES,
        "words": page_words(),
        "has_report": runs.only is not None and (runs.only.output / REPORT).is_file(),
    }
    routes = Routes(runs, FileTrial(segmenter, runs.sessions[0].settings), page_files(), facts)
    try:
        return ReviewServer(routes, port, host_names)
    except OSError as error:
        raise InputError(
            f"--port {port}: cannot be taken ({error.strerror}); leave it out for a free one",
            "port_taken",
        ) from error
