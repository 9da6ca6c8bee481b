"""`callosal audit`: did the scanned slices follow the plan?"""

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

    An exam consists of all series of one study in one frame of reference. The command plans on
    every series that shows the callosum, as `callosal infer` does; the confident plan of the volume
    with the smallest voxels is the reference. Writes what infer writes, and also audit.csv and
    audit.jsonl (one row per stack: angle, offset, coverage of the brain, slices missing or to
    spare, movement) and exams/ (one picture per exam).

    Args:
        inputs: Folders of DICOM (any nesting, any file names), of one exam or of many.
        output: Folder to write into; created if it is missing.
        names: series shows protocol, station (the name of the scanner) and month as in the headers,
            which may identify people; hash shows salted hashes of protocol and station, and no
            month.
        model: Name of a shipped model, or an ONNX file that `callosal export` wrote.
        device: auto uses a GPU if one works; any other device is used or refused.
        workers: Threads that read ahead.
        threads: Threads of the network; by default the cores this process may use.
        overwrite: Plan on finished cases again.
        settings: How the pose and the plan are made; set the slices of your own protocol here.

    Returns:
        Exit code: 0 all exams compared, 1 none, 2 some exams or stacks could not be compared.
    """
    # The help of this command has to come at once: what reads and plans is loaded here.
    from callosal.pipelines.audit.run import run_audit
    from callosal.pipelines.batch.jobs import Part
    from callosal.pipelines.batch.request import Engine, Request

    engine = Engine(model, device, threads, workers)
    request = Request(tuple(inputs), output, engine, Part(), overwrite, settings, command="audit")
    return run_audit(request, names)
