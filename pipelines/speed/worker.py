"""A process that plans one series again and again on request, so that its memory is its own.

    python -m callosal.pipelines.speed.worker SERIES MODEL OUTPUT THREADS

It answers each line of its input with one line of JSON: seconds, peak memory in MB, the angle,
milliseconds of each stage. The plain pipeline under benchmarks/ keeps the same manners.
"""

import gc
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from callosal.pipelines.cli import settle_process


def serve(work: Callable[[], dict[str, Any]]) -> None:
    """Do the work once for each line of standard input."""
    for _ in sys.stdin:
        start = time.perf_counter()
        found = work()
        seconds = time.perf_counter() - start
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "peak_mb": peak_mb, **found}), flush=True)


def main() -> None:
    """Open the model once, then serve."""
    series, model, output = (Path(word) for word in sys.argv[1:4])
    settle_process()
    from callosal.pipelines.speed.one_case import Planner

    planner = Planner.opened(series, model, output, int(sys.argv[4]))
    serve(planner.plan)
    gc.freeze()  # as the command does


if __name__ == "__main__":
    main()
