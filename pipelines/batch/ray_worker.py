"""The work of one Ray worker; a plain class that knows nothing of Ray."""

from dataclasses import dataclass

from callosal.export.devices import Device
from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import resolve_model
from callosal.models.errors import EngineError
from callosal.pipelines.batch.case_work import CaseResult, work_on
from callosal.pipelines.batch.jobs import Job
from callosal.pipelines.case.process_case import process_case
from callosal.pipelines.follow_up.first_visit import FirstVisit
from callosal.pipelines.settings import Settings


@dataclass(frozen=True)
class WorkerPlan:
    """What a worker opens and does; it travels to the worker.

    Attributes:
        model: Name of a shipped model, or an ONNX file that every machine sees.
        model_sha256: Hash that the file must have.
        device: Where the network runs.
        threads: Threads of the network.
        settings: How the pose and the plan are made.
        first: A first visit whose stacks are repeated, or None.
    """

    model: str
    model_sha256: str
    device: Device
    threads: int
    settings: Settings
    first: FirstVisit | None = None


def open_planned_model(plan: WorkerPlan) -> Segmenter:
    """The model of a plan, on this machine.

    Raises:
        CallosalError: It is not there, another one, or does not run here.
    """
    segmenter = open_segmenter(resolve_model(plan.model), plan.device, plan.threads)
    if segmenter.sha256 != plan.model_sha256:
        raise EngineError(
            "the model file of a worker is another one than here; bring all machines to the "
            "same version",
            "model_differs",
        )
    return segmenter


class Worker:
    """Opens the model once and works on one case after the other."""

    def __init__(self, plan: WorkerPlan) -> None:
        self._plan = plan

    def open(self) -> None:
        """Open the model.

        Raises:
            CallosalError: It is not there, another one, or does not run here.
        """
        self._segmenter = open_planned_model(self._plan)

    def work(self, job: Job) -> CaseResult:
        """Load and plan one case."""
        plan = self._plan
        return work_on(
            job.case,
            job.case.load,
            lambda case, volume: process_case(
                case, volume, self._segmenter, plan.settings, plan.first
            ),
        )
