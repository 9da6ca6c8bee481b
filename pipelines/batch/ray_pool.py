"""The workers of one run on Ray: started, given cases, replaced where they are lost."""

import time
from collections import deque
from collections.abc import Iterator
from typing import Any

import ray
from ray.exceptions import RayActorError, RayError, RayTaskError

from callosal.models.errors import EngineError
from callosal.pipelines.batch.case_work import CaseResult, Fault
from callosal.pipelines.batch.jobs import Job
from callosal.pipelines.batch.ray_options import RayOptions
from callosal.pipelines.batch.ray_worker import Worker, WorkerPlan

CASES_A_WORKER = 2
"""One under way and one waiting, so that a worker is not idle while its result travels."""

_LOOK_S = 2.0  # how often a signal is looked for while nothing comes

Ref = Any
Actor = Any


class WorkerPool:
    """Workers and what each of them has in hand.

    Args:
        n_workers: How many to keep.
        options: Their size.
        plan: What each of them opens and does.
    """

    def __init__(self, n_workers: int, options: RayOptions, plan: WorkerPlan) -> None:
        self._options = options
        self._plan = plan
        self._starting: dict[Ref, Actor] = {}
        self._in_hand: dict[Actor, int] = {}
        self._jobs: dict[Ref, tuple[Actor, Job]] = {}
        self._idle_since = time.monotonic()
        for _ in range(n_workers):
            self._start()

    @property
    def is_busy(self) -> bool:
        """Whether any case is in hand."""
        return bool(self._jobs)

    def hand_out(self, waiting: deque[Job]) -> None:
        """Give cases to workers that are up and have room, evenly."""
        for load in range(CASES_A_WORKER):
            for worker, in_hand in self._in_hand.items():
                if waiting and in_hand == load:
                    job = waiting.popleft()
                    self._jobs[worker.work.remote(job.case)] = (worker, job)
                    self._in_hand[worker] += 1

    def results(self, is_needed: bool) -> Iterator[tuple[Job, CaseResult]]:
        """What is finished by now; waits a moment where nothing is.

        Args:
            is_needed: Whether cases wait for workers, so that having none is an error.

        Raises:
            EngineError: `no_workers` or `worker_cannot_start`.
        """
        pending = [*self._jobs, *self._starting]
        ready, _ = ray.wait(pending, num_returns=1, timeout=_LOOK_S) if pending else ([], [])
        for ref in ready:
            if ref in self._starting:
                self._greet(ref)
            elif ref in self._jobs:
                yield self._collect(ref)
        if is_needed:
            self._check_alive()

    def dismiss(self) -> None:
        """End all workers."""
        for worker in [*self._in_hand, *self._starting.values()]:
            ray.kill(worker)

    def _start(self) -> None:
        remote = ray.remote(num_cpus=self._options.cpus, num_gpus=self._options.gpus)(Worker)
        worker = remote.remote(self._plan)
        self._starting[worker.open.remote()] = worker

    def _greet(self, ref: Ref) -> None:
        """Take a worker that is up into the crew."""
        worker = self._starting.pop(ref)
        try:
            ray.get(ref)
        except RayTaskError as error:
            message = f"a worker cannot open the model: {error.cause}"
            raise EngineError(message, "worker_cannot_start") from error
        except RayError:
            self._start()
            return
        self._in_hand[worker] = 0

    def _collect(self, ref: Ref) -> tuple[Job, CaseResult]:
        """The result of a finished case; of a lost worker, the fault that may pass."""
        worker, job = self._jobs.pop(ref)
        if worker in self._in_hand:
            self._in_hand[worker] -= 1
        try:
            result: CaseResult = ray.get(ref)
        except RayError as error:
            if isinstance(error, RayActorError):
                self._replace(worker)
            lost = Fault("worker_lost", "its worker or its machine was lost")
            return job, CaseResult(lost, 0.0)
        return job, result

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
