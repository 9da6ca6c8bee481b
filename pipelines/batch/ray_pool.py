"""The workers of one run on Ray: started, given tasks, replaced where they are lost."""

import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from typing import Any, Generic, TypeVar

import ray
from ray.exceptions import RayActorError, RayError, RayTaskError

from callosal.models.errors import EngineError
from callosal.pipelines.batch.case_work import Fault
from callosal.pipelines.batch.ray_options import RayOptions
from callosal.pipelines.batch.stopping import Stop

LOST = Fault("worker_lost", "its worker or its machine was lost")

_LOOK_S = 2.0  # how often a signal is looked for while nothing comes

Task = TypeVar("Task")
Result = TypeVar("Result")
Ref = Any
Actor = Any


class WorkerPool(Generic[Task, Result]):
    """Workers and what each of them has in hand.

    Args:
        options: How many, and of what size.
        worker: Class of a worker: `open()` brings it up, `work(task)` gives a result.
        plan: What each of them is made of.
        lost: Result of a task whose worker was lost.
        tasks_a_worker: How many tasks a worker has in hand at most, the one under way included.
    """

    def __init__(
        self, options: RayOptions, worker: type, plan: object, lost: Result, tasks_a_worker: int
    ) -> None:
        self._options = options
        self._worker = worker
        self._plan = plan
        self._lost = lost
        self._tasks_a_worker = tasks_a_worker
        self._starting: dict[Ref, Actor] = {}
        self._in_hand: dict[Actor, int] = {}
        self._tasks: dict[Ref, tuple[Actor, Task]] = {}
        self._idle_since = time.monotonic()

    def run(self, tasks: Sequence[Task], stop: Stop) -> Generator[tuple[Task, Result]]:
        """Start the workers, work on the tasks and end the workers.

        Args:
            tasks: What to do; results come in the order in which they are ready.
            stop: Once asked, no task is handed out any more; those under way are waited for.

        Raises:
            EngineError: `no_workers` or `worker_cannot_start`.
        """
        waiting = deque(tasks)
        try:
            for _ in range(_n_workers(self._options, len(tasks))):
                self._start()
            self._idle_since = time.monotonic()
            while waiting or self._tasks:
                if stop.asked:
                    waiting.clear()
                self._hand_out(waiting)
                yield from self._results(is_needed=bool(waiting))
        finally:
            for worker in [*self._in_hand, *self._starting.values()]:
                ray.kill(worker)

    def _hand_out(self, waiting: deque[Task]) -> None:
        """Give tasks to workers that are up and have room, evenly."""
        for load in range(self._tasks_a_worker):
            for worker, in_hand in self._in_hand.items():
                if waiting and in_hand == load:
                    task = waiting.popleft()
                    self._tasks[worker.work.remote(task)] = (worker, task)
                    self._in_hand[worker] += 1

    def _results(self, is_needed: bool) -> Iterator[tuple[Task, Result]]:
        """What is finished by now; waits a moment where nothing is.

        Args:
            is_needed: Whether tasks wait for workers, so that having none is an error.
        """
        pending = [*self._tasks, *self._starting]
        ready, _ = ray.wait(pending, num_returns=1, timeout=_LOOK_S) if pending else ([], [])
        for ref in ready:
            if ref in self._starting:
                self._greet(ref)
            elif ref in self._tasks:
                yield self._collect(ref)
        if is_needed:
            self._check_alive()

    def _start(self) -> None:
        remote = ray.remote(num_cpus=self._options.cpus, num_gpus=self._options.gpus)(self._worker)
        worker = remote.remote(self._plan)
        self._starting[worker.open.remote()] = worker

    def _greet(self, ref: Ref) -> None:
        """Take a worker that is up into the crew."""
        worker = self._starting.pop(ref)
        try:
            ray.get(ref)
        except RayTaskError as error:
            message = f"a worker cannot start: {error.cause}"
            raise EngineError(message, "worker_cannot_start") from error
        except RayError:
            self._start()
            return
        self._in_hand[worker] = 0

    def _collect(self, ref: Ref) -> tuple[Task, Result]:
        """The result of a finished task; of a lost worker, the one that stands for it."""
        worker, task = self._tasks.pop(ref)
        if worker in self._in_hand:
            self._in_hand[worker] -= 1
        try:
            result: Result = ray.get(ref)
        except RayError as error:
            if isinstance(error, RayActorError):
                self._replace(worker)
            return task, self._lost
        return task, result

    def _replace(self, worker: Actor) -> None:
        """Start another worker; it comes up where the cluster has room, if it ever has."""
        if self._in_hand.pop(worker, None) is not None:
            ray.kill(worker)
            self._start()

    def _check_alive(self) -> None:
        now = time.monotonic()
        if self._in_hand:
            self._idle_since = now
        elif now - self._idle_since > self._options.wait_s:
            raise EngineError(
                f"no Ray worker came up within {self._options.wait_s:.0f} s; look at `ray status`",
                "no_workers",
            )


def _n_workers(options: RayOptions, n_tasks: int) -> int:
    """As many as asked for, else as many as there is room for; never more than tasks.

    Raises:
        EngineError: `no_workers`: the cluster has no room for one.
    """
    resources = ray.cluster_resources()
    room = int(resources.get("CPU", 0) / options.cpus)
    if options.gpus:
        room = min(room, int(resources.get("GPU", 0) / options.gpus))
    if not options.actors and not room:
        raise EngineError(
            f"the Ray cluster has {resources.get('CPU', 0):g} cores and "
            f"{resources.get('GPU', 0):g} GPUs, no room for a worker of {options.cpus:g} and "
            f"{options.gpus:g}; ask for less with --ray.cpus and --ray.gpus",
            "no_workers",
        )
    return max(1, min(options.actors or room, n_tasks))
