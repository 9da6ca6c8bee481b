"""The child process in which broken files are read: its crash or hang ends no more than itself."""

import hashlib
import multiprocessing
import resource
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from callosal.export.runtime import open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.models.errors import CallosalError, InputError
from callosal.pipelines.case.case_pictures import draw_case_overlay
from callosal.pipelines.case.process import process_volume
from callosal.pipelines.dicom.codecs import FRAGILE_CODEC, choose_codec
from callosal.pipelines.dicom.decode import decode_frame
from callosal.pipelines.dicom.headers import Header, scan
from callosal.pipelines.dicom.pixels import read_volume
from callosal.pipelines.dicom.stacks import Stack, find_stacks
from callosal.pipelines.hospital.case_objects import case_objects
from callosal.pipelines.midplane.localizer_volumes import Images, LocalizerVolumes
from callosal.pipelines.planning.plan_file import Plan
from callosal.pipelines.reading.cases import Case, find_cases
from callosal.pipelines.settings import Settings

MEMORY_BYTES = 8 * 2**30
Found = list[dict[str, Any]]
DECODABLE = frozenset({
    "field_of_view_too_small", "no_sagittal_view", "not_magnitude", "projection", "stray_slice",
})  # fmt: skip
"""Codes of sound stacks that are not planned on."""

Task = Callable[[Path], Found]


def read_files(folder: Path) -> Found:
    """What the reader makes of each file and each stack of a folder."""
    found: Found = []
    headers = []
    for item in scan(folder):
        if isinstance(item, Header):
            headers.append(item)
        else:
            found.append({"told": item.code})
    return [*found, *({"told": _decode(stack)} for stack in find_stacks(headers))]


def _decode(stack: Stack) -> str:
    """Decode a stack; one that only shows the wrong thing too, for its decoder is at stake."""
    if not stack.is_kept and stack.code not in DECODABLE:
        return stack.code
    try:
        if _is_fragile(stack):
            read_volume(stack)
        else:
            # What the reader does in a child process, this child does at once.
            for plane in stack.planes:
                decode_frame(plane.header, plane.frame.index)
    except InputError as error:
        return error.code
    return "read"


def _is_fragile(stack: Stack) -> bool:
    """Whether the codec is the one that is known to end its process."""
    layouts = [plane.header.layout for plane in stack.planes]
    return any(
        not layout.is_native and choose_codec(layout.syntax_uid) == FRAGILE_CODEC
        for layout in layouts
    )


def plan_series() -> Task:
    """A task that takes a folder from its tree to plans and DICOM objects."""
    return partial(_plan_all, _Plans(Settings(dicom_objects=("seg", "sr", "sc"))))


def read_task() -> Task:
    """A task that reads the files of a folder."""
    return read_files


def plan_volumes() -> Task:
    """A task that takes a NIfTI or MGH file from its folder to a plan."""
    return partial(_plan_all, _Plans(Settings(), noted_share=1.0))


class _Plans:
    """Plans of cases, each volume planned once.

    Volumes that are equal voxel by voxel, in their place and in the facts that planning uses have
    one plan. A plan that comes with a note or a reason is counted as `noted`: it says itself that
    something is wrong. Of the volumes whose case has a note, a share is planned, chosen by their
    content; the others are `noted` alone.

    Args:
        settings: How to plan, and which objects to make.
        noted_share: Share of the volumes with a note that are planned, 0 to 1.
    """

    def __init__(self, settings: Settings, noted_share: float = 0.1) -> None:
        self._segmenter = open_segmenter(resolve_model(DEFAULT), "cpu", threads=1)
        self._settings = settings
        self._noted_share = noted_share
        self._known: dict[str, dict[str, Any]] = {}

    def plan(self, case: Case) -> dict[str, Any]:
        """What came of a case, with centre and orientation of a plan that says nothing."""
        try:
            images = case.load()
            key = _content(images, case)
            # the first note of a localizer says why it is one
            is_noted = len(case.source["notes"]) > (case.kind == "localizer")
            is_left_out = int(key[:4], 16) >= self._noted_share * 2**16
            if is_noted and is_left_out and key not in self._known:
                return {"told": "noted"}
            if key not in self._known:
                self._known[key] = self._planned(images, case)
            document = self._known[key]
        except CallosalError as error:
            return {"told": error.code}
        status = document["status"]
        if document["planes"] is None:
            return {"told": status}
        if is_noted or document["reasons"]:
            return {"told": f"{status}, noted"}
        return {
            "told": status,
            "center_lps_mm": document["final"]["center_lps_mm"],
            "orientation": document["planes"]["transverse"]["image_orientation_patient"],
        }

    def _planned(self, images: Images, case: Case) -> dict[str, Any]:
        settings = self._settings
        outcome = process_volume(images, self._segmenter, settings, case.source)
        overlay = draw_case_overlay(outcome)
        plan = Plan.from_document(outcome.document)
        case_objects(case, plan, outcome.callosum, overlay, settings.dicom_objects)
        return outcome.document


def _content(images: Images, case: Case) -> str:
    """A hash of the voxels, of their place, and of the facts that planning uses."""
    stacks = images.stacks if isinstance(images, LocalizerVolumes) else (images,)
    facts = [case.kind, case.source["contrast"], case.source.get("filled_slices")]
    found = hashlib.sha256(repr(facts).encode())
    for stack in stacks:
        found.update(stack.affine.round(4).tobytes() + stack.array.tobytes())
    return found.hexdigest()


def _plan_all(plans: _Plans, folder: Path) -> Found:
    try:
        index = find_cases([folder])
    except InputError as error:
        return [{"told": error.code}]
    return [*map(plans.plan, index.cases), *({"told": skip.code} for skip in index.skipped)]


class Worker:
    """A child process that is started again after a crash or a hang.

    Args:
        make_task: Called in the child; gives what is done with each folder.
        limit_s: Longest time of a folder.
    """

    def __init__(self, make_task: Callable[[], Task], limit_s: float) -> None:
        self._make_task = make_task
        self._limit_s = limit_s
        self._start()

    def run(self, folder: Path) -> tuple[str, Any]:
        """Kind (`done`, `crash` or `hang`) and what was found or told."""
        self._connection.send(folder)
        if not self._connection.poll(self._limit_s):
            self.stop()
            self._start()
            return "hang", f"over {self._limit_s:g} s"
        try:
            kind, found = self._connection.recv()
        except (EOFError, ConnectionResetError):
            self._process.join()
            code = self._process.exitcode
            self._start()
            return "crash", f"the process died with exit code {code}"
        return kind, found

    def stop(self) -> None:
        """End the child."""
        self._process.kill()
        self._process.join()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, inner = context.Pipe()
        self._process = context.Process(target=_serve, args=(inner, self._make_task), daemon=True)
        self._process.start()
        inner.close()


def _serve(connection: Connection, make_task: Callable[[], Task]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    warnings.simplefilter("ignore")
    task = make_task()
    while True:
        folder = connection.recv()
        try:
            connection.send(("done", task(folder)))
        except BaseException as error:
            trace = error.__traceback__
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
            connection.send(("crash", f"{type(error).__name__}: {error} in {where}"))


def differences(found: dict[str, Any], clean: dict[str, Any]) -> tuple[float, float]:
    """Angle between the orientations of two plans in degrees, distance of their centres in mm."""
    first, second = (_axes(plan["orientation"]) for plan in (found, clean))
    cosine = (np.trace(first @ second.T) - 1) / 2
    shift = np.subtract(found["center_lps_mm"], clean["center_lps_mm"])
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1)))), float(np.linalg.norm(shift))


def _axes(orientation: Sequence[float]) -> np.ndarray:
    row, column = np.reshape(orientation, (2, 3))
    return np.stack([row, column, np.cross(row, column)])
