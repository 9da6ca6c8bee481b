"""Puts a run on the review server until the user ends it."""

import threading
import webbrowser
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from callosal.export.contract import SegmenterContract
from callosal.export.runtime import open_segmenter
from callosal.export.shipped import resolve_model
from callosal.models.errors import InputError
from callosal.pipelines.outputs.file_names import REPORT
from callosal.pipelines.pictures.reason_words import page_words
from callosal.pipelines.review.page_files import PageFile, model_file, page_files, runtime_files
from callosal.pipelines.review.review_session import ReviewSession
from callosal.pipelines.review.routes import Routes
from callosal.pipelines.review.server import ReviewServer

RUNTIME = Path("node_modules") / "onnxruntime-web" / "dist"


def serve(
    desk: ReviewSession,
    port: int,
    opens: bool,
    onnxruntime_web: Path | None,
    model: str,
    host_names: tuple[str, ...] = (),
    page: str = "",
) -> None:
    """Serve until Ctrl-C.

    Args:
        desk: The run.
        port: Port to take, 0 for any free one.
        opens: Whether to open the browser.
        onnxruntime_web: Folder of onnxruntime-web, if it was named.
        model: Model of the page's own trial.
        host_names: Further names that the server is reached by.
        page: Page to open, "" for the review.

    Raises:
        InputError: The port is taken (`port_taken`) or onnxruntime-web is not where it was said
            to be.
        ModelFileError: The model does not exist.
    """
    console = Console(stderr=True)
    with make_server(desk, port, onnxruntime_web, model, host_names) as server:
        console.print(f"{len(desk.names)} cases to review; Ctrl-C ends it", markup=False)
        # The address on a line of its own, on stdout: scripts and people copy it.
        url = server.guard.url + page
        print(url, flush=True)
        if opens:
            threading.Thread(target=webbrowser.open, args=[url], daemon=True).start()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            desk.report.wait()
            console.print("ended; all decisions are kept, and report.html shows them")


def make_server(
    desk: ReviewSession,
    port: int,
    onnxruntime_web: Path | None,
    model: str,
    host_names: tuple[str, ...] = (),
) -> ReviewServer:
    """The server of a run, listening but not serving yet."""
    path = resolve_model(model)
    runtime = _runtime(onnxruntime_web)
    contract = open_segmenter(path, "cpu", 1).contract
    files = {**page_files(), **runtime, **model_file(path)}
    try:
        return ReviewServer(Routes(desk, files, _facts(contract, runtime, desk)), port, host_names)
    except OSError as error:
        raise InputError(
            f"--port {port}: cannot be taken ({error.strerror}); leave it out for a free one",
            "port_taken",
        ) from error


def _runtime(folder: Path | None) -> dict[str, PageFile]:
    """Files of onnxruntime-web: those said, else those in the current folder, else none."""
    if folder is None and not RUNTIME.is_dir():
        return {}
    return runtime_files(folder or RUNTIME)


def _facts(
    contract: SegmenterContract, runtime: Mapping[str, PageFile], desk: ReviewSession
) -> dict[str, object]:
    return {
        "version": version("callosal"),
        "model": contract.name,
        "spacing_mm": contract.spacing_mm,
        "threshold": contract.threshold,
        "has_runtime": bool(runtime),
        "words": page_words(),
        "has_report": (desk.output / REPORT).is_file(),
    }
