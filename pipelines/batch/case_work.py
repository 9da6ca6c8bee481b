"""The work on one case, faults included: the same wherever it runs."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from callosal.models.errors import CallosalError
from callosal.pipelines.midplane.localizer_volumes import Images
from callosal.pipelines.outputs.case_files import CaseFiles
from callosal.pipelines.reading.cases import Case

Load = Callable[[], Images]
Process = Callable[[Case, Images], CaseFiles]

INTERNAL = "internal_error"
"""Code of a fault of ours."""

PASSING = frozenset({"unreadable", "decoder_died", "out_of_memory", "worker_lost",
                     INTERNAL})  # fmt: skip
"""Codes of faults that may be gone next time: a share that was away, a machine that went down.

They are tried once more at the end of the run, and again by the next run.
"""


_NAMELESS = frozenset({"out_of_memory", "worker_lost", "internal_error"})


@dataclass(frozen=True)
class Fault:
    """Why a case gave no outputs.

    Attributes:
        code: Reason code.
        message: One line without paths; it may name a file.
    """

    code: str
    message: str

    @property
    def may_pass(self) -> bool:
        """Whether another try makes sense."""
        return self.code in PASSING

    @property
    def is_nameless(self) -> bool:
        """Whether the message is ours alone and names no file."""
        return self.code in _NAMELESS


@dataclass(frozen=True, eq=False)
class CaseResult:
    """What the work on a case gave; it travels between processes.

    Attributes:
        answer: The outputs, or why there are none.
        seconds: How long it took, waiting for its voxels included.
        waited_s: How long it waited for its voxels, which other threads read ahead.
    """

    answer: CaseFiles | Fault
    seconds: float
    waited_s: float = 0.0


def work_on(case: Case, load: Load, process: Process) -> CaseResult:
    """Load and plan one case; whatever it raises becomes its fault.

    Args:
        case: The case.
        load: Gives its volume.
        process: From a volume to the outputs.
    """
    start = time.perf_counter()
    waits: list[float] = []

    def waiting() -> Images:
        volume = load()
        waits.append(time.perf_counter() - start)
        return volume

    answer = _answer(case, waiting, process)
    return CaseResult(answer, time.perf_counter() - start, sum(waits))


def _answer(case: Case, load: Load, process: Process) -> CaseFiles | Fault:
    try:
        return process(case, load())
    except Exception as error:
        # A fault of ours must not end the batch.
        return fault_of(error)


def fault_of(error: Exception) -> Fault:
    """Why a case has no outputs, from the error that the work on it raised."""
    if isinstance(error, CallosalError):
        return Fault(error.code, str(error))
    if isinstance(error, MemoryError):
        return Fault("out_of_memory", "the memory of this machine does not suffice")
    return Fault(INTERNAL, f"{type(error).__name__} in {_where(error)}; please report it")


def _where(error: Exception) -> str:
    """Function and line where an error rose; no path, for paths hold names."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "unknown"
    code = trace.tb_frame.f_code
    return f"{Path(code.co_filename).name}:{trace.tb_lineno} ({code.co_name})"
