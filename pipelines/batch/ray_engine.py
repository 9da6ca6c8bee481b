"""Cases run by workers on a Ray cluster, each with the model loaded once."""

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import ray

from callosal.models.errors import EngineError
from callosal.pipelines.batch.case_work import CaseResult
from callosal.pipelines.batch.jobs import Job
from callosal.pipelines.batch.ray_options import RayOptions
from callosal.pipelines.batch.ray_pool import LOST, WorkerPool
from callosal.pipelines.batch.ray_worker import Worker, WorkerPlan
from callosal.pipelines.batch.stopping import Stop

CASES_A_WORKER = 2
"""One under way and one waiting, so that a worker is not idle while its result travels."""


@dataclass(frozen=True)
class RayEngine:
    """Workers on the cluster that this process is connected to.

    Attributes:
        options: How many workers, and of what size.
        plan: What each of them opens and does.
    """

    options: RayOptions
    plan: WorkerPlan

    def run(self, jobs: Sequence[Job], stop: Stop) -> Generator[tuple[Job, CaseResult]]:
        """Work on the jobs; results come in the order in which they are ready.

        A lost worker gives its cases back as `worker_lost` and another takes its place. Nothing
        is written by workers, so a case that one of them finished as it died is in the results
        once all the same.

        Args:
            jobs: What to do.
            stop: Once asked, no case is handed out any more; those under way are waited for.

        Raises:
            EngineError: `no_workers` where none comes up in time, `worker_cannot_start` where
                one cannot open the model.
        """
        lost = CaseResult(LOST, 0.0)
        crew: WorkerPool[Job, CaseResult] = WorkerPool(
            self.options, Worker, self.plan, lost, CASES_A_WORKER
        )
        yield from crew.run(jobs, stop)


@contextmanager
def connected(options: RayOptions) -> Iterator[None]:
    """A connection to a cluster, or a cluster of this machine alone, for as long as it is needed.

    Raises:
        EngineError: `no_cluster`.
    """
    if ray.is_initialized():
        yield
        return
    # Ray reports its use to its makers unless told not to; archives of patients do not.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    address = options.address or os.environ.get("RAY_ADDRESS")
    here = {} if address else {"include_dashboard": False}
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR", **here)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise EngineError(
            f"--ray.address {address}: no Ray cluster answers ({type(error).__name__}); start one "
            "with `ray start --head`, or leave the address out",
            "no_cluster",
        ) from error
    try:
        yield
    finally:
        ray.shutdown()
