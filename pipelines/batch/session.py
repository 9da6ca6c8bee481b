"""An output folder that this process holds, and the model it works with, opened once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version

from rich.console import Console

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import resolve_model
from callosal.pipelines.batch.driver import Runner
from callosal.pipelines.batch.local_engine import LocalEngine
from callosal.pipelines.batch.request import Engine, Request
from callosal.pipelines.case.process_case import process_case
from callosal.pipelines.hospital.standard_tables import load_standard_tables
from callosal.pipelines.outputs.atomic import sweep_temporaries
from callosal.pipelines.outputs.case_folder import RunFingerprint
from callosal.pipelines.outputs.case_id import output_salt
from callosal.pipelines.outputs.file_names import CASES
from callosal.pipelines.outputs.run_lock import run_lock


@dataclass(frozen=True, eq=False)
class Session:
    """What stays the same from case to case.

    Attributes:
        request: What the user asked for.
        segmenter: The opened model.
        salt: Salt of the output folder.
        fingerprint: Model, settings and version.
        runner: What works on cases.
        console: Where progress goes.
    """

    request: Request
    segmenter: Segmenter
    salt: str
    fingerprint: RunFingerprint
    runner: Runner
    console: Console


def open_model(engine: Engine) -> Segmenter:
    """The model of a run, on the device it asks for.

    Raises:
        CallosalError: No such model, or no such device.
    """
    return open_segmenter(resolve_model(engine.model), engine.device, engine.threads)


@contextmanager
def open_session(request: Request, segmenter: Segmenter, console: Console) -> Iterator[Session]:
    """Hold the output folder, and remove what a killed run left in it.

    Args:
        request: What the user asked for.
        segmenter: Its model, as of `open_model`.
        console: Where progress goes.

    Raises:
        CallosalError: No cluster, or the folder is in use or not writable.
    """
    with run_lock(request.output):
        for folder in (request.output, *(request.output / CASES).glob("*")):
            sweep_temporaries(folder)
        config_sha256 = request.work_sha256
        fingerprint = RunFingerprint(segmenter.sha256, config_sha256, version("callosal"))
        with _runner(request, segmenter) as runner:
            salt = output_salt(request.output)
            yield Session(request, segmenter, salt, fingerprint, runner, console)


@contextmanager
def _runner(request: Request, segmenter: Segmenter) -> Iterator[Runner]:
    """What works on the cases: this process, or a cluster for as long as it is needed."""
    engine, settings, first = request.engine, request.settings, request.first
    if engine.ray is None:
        with ThreadPoolExecutor(1) as beside:
            if settings.dicom_objects:
                beside.submit(load_standard_tables)
            yield LocalEngine(
                lambda case, volume: process_case(case, volume, segmenter, settings, first),
                engine.workers,
            )
        return
    # Only who asks for a cluster needs the package.
    from callosal.pipelines.batch.ray_engine import RayEngine, connected
    from callosal.pipelines.batch.ray_worker import WorkerPlan

    threads = engine.ray.threads(engine.threads)
    plan = WorkerPlan(engine.model, segmenter.sha256, engine.device, threads, settings, first)
    with connected(engine.ray):
        yield RayEngine(engine.ray, plan)
