"""Hundreds of series from several senders at once into `callosal listen`: none lost, none twice.

    PYTHONPATH=. python benchmarks/faults/many_senders.py --series 500 --senders 4 [--canned]

Sends made series on loopback, and checks that each has one result, planned once. Prints how long a
series waits from the end of its association to its result, beside what `callosal infer` takes for
a series, and the memory of the process by the number of results. With --canned the planning is
answered by the outcome of one phantom, so that receiving, grouping and writing are what is tried.
Exits with 1 if a series is lost or planned twice.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from hospital_loop import COMMAND, Service, send
from pydicom import dcmread

from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.phantom import phantom_head

CANNED = """
from callosal.pipelines.batch import session
from tests.batch.made_cases import answer_at_once
session.process_case = answer_at_once
from callosal.pipelines.cli import run; run()
"""
INFER_SERIES = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=500)
    parser.add_argument("--senders", type=int, default=4)
    parser.add_argument("--quiet-seconds", type=float, default=3.0)
    parser.add_argument("--minutes", type=float, default=60.0, help="wait so long at most")
    parser.add_argument("--canned", action="store_true")
    parser.add_argument("--slices", type=int, default=10, help="of a series with --canned")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        found = run(Path(name), asked)
    print(json.dumps(found, indent=1))
    sys.exit(1 if found["lost"] or found["planned twice"] else 0)


def run(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Everything that is printed."""
    command = [sys.executable, "-c", CANNED] if asked.canned else COMMAND
    n_slices = asked.slices if asked.canned else 44
    shape, spacing = (n_slices, 64, 64), (160.0 / n_slices, 3.75, 3.75)
    head = phantom_head(1, shape, spacing).volume
    sources = [folder / "in" / f"{number:04d}" for number in range(asked.series)]
    for number, source in enumerate(sources):
        write_mr_series(head, source, description="made", seed=number)
    first = sources[:INFER_SERIES]
    began = time.monotonic()
    subprocess.run([*command, "infer", *map(str, first), "--output", str(folder / "infer"),
                    "--device", "cpu"], check=True, capture_output=True)  # fmt: skip
    infer_s = (time.monotonic() - began) / len(first)
    service = Service(folder, asked.quiet_seconds, [], command)
    done: dict[str, float] = {}
    memory: list[tuple[int, float]] = []
    is_over = threading.Event()
    follower = threading.Thread(
        target=_follow, args=(service, folder / "out", done, memory, is_over), daemon=True
    )
    follower.start()
    began = time.monotonic()

    def send_one(source: Path) -> float:
        return send([dcmread(path) for path in sorted(source.iterdir())], service)

    with ThreadPoolExecutor(asked.senders) as pool:
        ended = list(pool.map(send_one, sources))
    sent_s = time.monotonic() - began
    end = time.monotonic() + 60 * asked.minutes
    while len(done) < len(sources) and time.monotonic() < end:
        time.sleep(0.5)
    total_s = time.monotonic() - began
    time.sleep(2 * asked.quiet_seconds)
    is_over.set()
    follower.join()
    service.kill()
    # Results name no series: the n-th result is held against the n-th end of an association.
    waits = [at - end for at, end in zip(sorted(done.values()), sorted(ended), strict=False)]
    log = "\n".join(service.told)
    planned = Counter(re.findall(r"\] (case-[0-9a-f]+) ", log))
    if max(planned.values(), default=0) > 1:
        print(log, file=sys.stderr)
    return {
        "series": len(sources), "senders": asked.senders, "canned": asked.canned,
        "lost": len(sources) - len(done), "planned twice": sum(n > 1 for n in planned.values()),
        "seconds to send all": round(sent_s, 1), "seconds to plan all": round(total_s, 1),
        "of a series by infer, s": round(infer_s, 2),
        "of a series by listen, s": round(total_s / len(sources), 2),
        "from the end of a series to its result, median s": round(median(waits), 2),
        "95 % s": round(quantiles(waits, n=20)[-1], 2), "quiet seconds": asked.quiet_seconds,
        "memory MB by results": _by_fifth(memory, len(sources)),
        "refusals": sum(line.startswith("refusing") for line in service.told),
    }  # fmt: skip


def _follow(
    service: Service,
    output: Path,
    done: dict[str, float],
    memory: list[tuple[int, float]],
    is_over: threading.Event,
) -> None:
    """Note when each result is there first, and the memory at that time."""
    while not is_over.is_set():
        for path in output.glob("cases/*/done.json"):
            done.setdefault(path.parent.name, time.monotonic())
        memory.append((len(done), service.memory_mb()))
        is_over.wait(0.5)


def _by_fifth(memory: list[tuple[int, float]], total: int) -> dict[str, int]:
    """Median memory in each fifth of the results."""
    parts: dict[str, list[float]] = {}
    for count, used in memory:
        low = min(4, 5 * count // max(total, 1)) * total // 5
        parts.setdefault(f"from {low}", []).append(used)
    return {name: round(median(values)) for name, values in parts.items()}


if __name__ == "__main__":
    main()
