"""`callosal audit`: were the slices that were scanned the ones that should have been?"""

from pathlib import Path
from typing import Literal

from callosal.export.devices import Device
from callosal.export.shipped import DEFAULT
from callosal.pipelines.settings import Settings


def audit(
    inputs: list[Path],
    output: Path,
    names: Literal["hash", "series"] = "hash",
    model: str = DEFAULT,
    device: Device = "auto",
    workers: int = 2,
    threads: int | None = None,
    overwrite: bool = False,
    settings: Settings = Settings(),  # noqa: B008 (frozen)
) -> int:
    """Compare every acquired stack of an exam with the plan of its best series.

    An exam is all series of one study in one frame of reference. Every series that shows the
    callosum is planned as `callosal infer` does it; the sure plan of the finest volume is the
    reference. Writes what infer writes, and audit.csv, audit.jsonl (a row a stack: angle, offset,
    coverage of the brain, slices missing or to spare, movement) and exams/ (a picture an exam).

    Args:
        inputs: Folders of DICOM (any nesting, any file names), of one exam or of many.
        output: Folder to write into; made where it is missing.
        names: series shows protocol, station and month as the headers have them, which may tell
            of people; hash shows a salted hash of the first two instead.
        model: Name of a shipped model, or an ONNX file that `callosal export` wrote.
        device: auto takes a GPU where it works; any other is used or refused.
        workers: Threads that read ahead.
        threads: Threads of the network; by default the cores this process may use.
        overwrite: Plan on finished cases again.
        settings: How the pose and the plan are made: give the slices of your own protocol.

    Returns:
        Exit code: 0 all exams compared, 1 none, 2 some exams or stacks could not be.
    """
    # The help of this command has to come at once: what reads and plans is loaded here.
    from callosal.pipelines.audit.run import run_audit
    from callosal.pipelines.batch.jobs import Part
    from callosal.pipelines.batch.request import Engine, Request

    engine = Engine(model, device, threads, workers)
    request = Request(tuple(inputs), output, engine, Part(), overwrite, settings, command="audit")
    return run_audit(request, names)
