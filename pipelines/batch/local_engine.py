"""Cases run in this process: read ahead by threads, planned one after the other."""

import gc
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from callosal.pipelines.batch.case_work import CaseResult, Process, work_on
from callosal.pipelines.batch.jobs import Job
from callosal.pipelines.batch.stopping import Stop
from callosal.pipelines.midplane.localizer_volumes import Images

READ_AHEAD_VOXELS = 1 << 28
"""Voxels of all cases that are read ahead: 1 GiB at 4 bytes each, twenty heads of 1 mm."""


@dataclass(frozen=True)
class LocalEngine:
    """This process.

    Attributes:
        process: From a volume to the outputs.
        workers: Threads that read ahead.
    """

    process: Process
    workers: int

    def run(self, jobs: Sequence[Job], stop: Stop) -> Generator[tuple[Job, CaseResult]]:
        """Work on the jobs in order.

        At most one case more than there are workers is held, and of large cases fewer: what is
        read ahead together stays below READ_AHEAD_VOXELS.

        Args:
            jobs: What to do.
            stop: Asked before each case; what is read ahead is then dropped.
        """
        waiting = deque(jobs)
        ahead: deque[tuple[Job, Future[Images]]] = deque()
        with ThreadPoolExecutor(self.workers) as readers:
            try:
                while (waiting or ahead) and not stop.asked:
                    while waiting and self._has_room(ahead, waiting[0]):
                        job = waiting.popleft()
                        ahead.append((job, readers.submit(job.case.load)))
                    job, volume = ahead.popleft()
                    yield job, work_on(job.case, volume.result, self.process)
                    # Or the voxels would stay until the next case is done.
                    del volume
                    # The objects of DICOM form rings, 300 kB a case. The command looks for rings
                    # seldom, as what it lists are many objects that stay; these here are young.
                    gc.collect(1)
            finally:
                readers.shutdown(wait=False, cancel_futures=True)

    def _has_room(self, ahead: deque[tuple[Job, Future[Images]]], job: Job) -> bool:
        if not ahead:
            return True
        held = sum(other.case.n_voxels for other, _ in ahead)
        return len(ahead) <= self.workers and held + job.case.n_voxels <= READ_AHEAD_VOXELS
