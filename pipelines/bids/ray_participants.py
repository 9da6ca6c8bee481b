"""Participants of a BIDS dataset run by workers on a Ray cluster, each whole by one worker."""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from rich.console import Console

from callosal.models.errors import EngineError
from callosal.pipelines.batch.case_work import fault_of
from callosal.pipelines.batch.ray_engine import connected
from callosal.pipelines.batch.ray_options import RayOptions
from callosal.pipelines.batch.ray_pool import LOST, WorkerPool
from callosal.pipelines.batch.ray_worker import WorkerPlan, open_planned_model
from callosal.pipelines.batch.stopping import Stop, stopping
from callosal.pipelines.bids.dataset import BidsImage
from callosal.pipelines.bids.participant import Answer, BidsRequest, run_participant

Participant = tuple[str, tuple[BidsImage, ...]]
"""Its name and its images."""


@dataclass(frozen=True)
class ParticipantPlan:
    """What a worker opens and does; it travels to the worker.

    Attributes:
        model: The model and how it runs.
        request: What the user asked for, with the paths of folders that all machines share.
    """

    model: WorkerPlan
    request: BidsRequest


@dataclass(frozen=True)
class ParticipantResult:
    """What a worker sends back of a participant; the results themselves are in the output folder.

    Attributes:
        answer: How many images have a plan, or why the participant was left out.
        told: What the worker printed meanwhile.
    """

    answer: Answer
    told: str


class ParticipantWorker:
    """Opens the model once and works on one participant after the other."""

    def __init__(self, plan: ParticipantPlan) -> None:
        self._plan = plan

    def open(self) -> None:
        """Open the model, and look whether the folders are there.

        Raises:
            CallosalError: The model is not there, another one, or does not run here; or a folder
                is not there (`not_shared`).
        """
        request = self._plan.request
        for folder in (request.bids_dir, request.output_dir):
            if not (folder / "dataset_description.json").is_file():
                raise EngineError(
                    f"{folder.name}: not there on the machine of a worker; all machines must see "
                    "the dataset and the output folder at the same paths",
                    "not_shared",
                )
        self._segmenter = open_planned_model(self._plan.model)

    def work(self, participant: Participant) -> ParticipantResult:
        """Plan on the images of a participant and write its derivatives."""
        told = io.StringIO()
        try:
            answer: Answer = run_participant(
                self._plan.request, participant[1], self._segmenter, Console(file=told)
            )
        except Exception as error:
            # A fault of one participant must not end the run.
            answer = fault_of(error)
        return ParticipantResult(answer, told.getvalue())


def ray_participants(
    request: BidsRequest,
    options: RayOptions,
    participants: Mapping[str, Sequence[BidsImage]],
    model_sha256: str,
    console: Console,
) -> Iterator[tuple[str, Answer]]:
    """What each participant came to, as it is finished.

    A participant whose worker was lost is tried once more after all others.

    Args:
        request: What the user asked for.
        options: The cluster, and the size of its workers.
        participants: Images of each participant.
        model_sha256: Hash of the model's file.
        console: Where progress goes.

    Raises:
        EngineError: No cluster, no worker, or a worker cannot start.
        KeyboardInterrupt: It was stopped; what is finished is written.
    """
    engine = request.engine
    threads = options.threads(engine.threads)
    plan = ParticipantPlan(
        WorkerPlan(engine.model, model_sha256, engine.device, threads, request.settings),
        replace(request, engine=replace(engine, threads=threads, ray=None)),
    )
    tasks = [(name, tuple(images)) for name, images in participants.items()]
    with connected(options), stopping("the running participants") as stop:
        n_finished = 0
        for name, result in _results(tasks, options, plan, stop):
            n_finished += 1
            console.print(f"{name} ({n_finished} of {len(tasks)})", highlight=False)
            console.print(result.told, end="", markup=False, highlight=False, soft_wrap=True)
            yield name, result.answer
        n_left = len(tasks) - n_finished
        if stop.asked and n_left:
            console.print(
                f"stopped with {n_left} of {len(tasks)} participants to do; run the same command "
                "again to go on"
            )
            raise KeyboardInterrupt


def _results(
    tasks: Sequence[Participant], options: RayOptions, plan: ParticipantPlan, stop: Stop
) -> Iterator[tuple[str, ParticipantResult]]:
    pool: WorkerPool[Participant, ParticipantResult]
    lost = ParticipantResult(LOST, "")
    again: list[Participant] = []
    for n_try, some in enumerate((tasks, again)):
        if not some or stop.asked:
            return
        # One participant in hand: its images keep a worker busy, and a loss costs only that one.
        pool = WorkerPool(options, ParticipantWorker, plan, lost, tasks_a_worker=1)
        with closing(pool.run(some, stop)) as results:
            for task, result in results:
                if result is lost and n_try == 0:
                    again.append(task)
                else:
                    yield task[0], result
