"""Would slices of several cases in one call of the network be faster than a call for each?

    python benchmarks/speed/batched_slices.py --threads 2
    python benchmarks/speed/batched_slices.py --device cuda --gflops 67000 --link-gbps 55

One session, calls of 1, 2, 4, 8 and 16 slices in turn, for slices of 256 and of 512 pixels; medians
of the time and of the processor time (of all threads together) a slice. Beside them stands the
limit: all multiply-adds of the network at the peak of the arithmetic, which is measured on a CPU
and given for a GPU by its data sheet, and a slice and its map at the speed of memory or of the link
to the GPU.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from callosal.export.devices import Device
from callosal.export.runtime import open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.pipelines.speed.limits import Limits, measure_limits, multiply_adds

Images = NDArray[np.float32]

BATCHES = (1, 2, 4, 8, 16)
SLICES = max(BATCHES)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--device", choices=get_args(Device), default="cpu")
    parser.add_argument("--gflops", type=float, help="peak of the device in float32; CPU: measured")
    parser.add_argument("--link-gbps", type=float, help="GB/s to the device; CPU: measured")
    arguments = parser.parse_args()
    given = arguments.gflops, arguments.link_gbps
    if arguments.device != "cpu" and None in given:
        parser.error("--device needs --gflops and --link-gbps, from the data sheet")
    limits = measure_limits(arguments.threads) if None in given else Limits(*given)
    model = resolve_model(arguments.model)
    segmenter = open_segmenter(model, arguments.device, arguments.threads)
    print("| pixels | slices a call | ms a slice | processor ms a slice | limit ms a slice |")
    print("|---|---|---|---|---|")
    for side in (256, 512):
        n_bytes = 2 * 4 * side**2  # to the network and back, in float32
        limit_ms = 1000 * limits.seconds(n_bytes, multiply_adds(model, (1, 1, side, side)))
        images = np.random.default_rng(0).uniform(0, 200, (SLICES, 1, side, side))
        laps = _laps(segmenter.probability, images.astype(np.float32), arguments.rounds)
        for batch, rounds in laps.items():
            wall, processor = (statistics.median(column) for column in zip(*rounds, strict=True))
            print(f"| {side} | {batch} | {wall:.2f} | {processor:.2f} | {limit_ms:.2f} |")


def _laps(
    probability: Callable[[Images], Images], images: Images, rounds: int
) -> dict[int, list[tuple[float, float]]]:
    """Milliseconds a slice of every round but the first, by slices a call: time, processor time."""
    laps: dict[int, list[tuple[float, float]]] = {batch: [] for batch in BATCHES}
    for lap in range(rounds + 1):
        for batch, figures in laps.items():
            begin = time.perf_counter(), time.process_time()
            for first in range(0, len(images), batch):
                probability(images[first : first + batch])
            end = time.perf_counter(), time.process_time()
            if lap:
                wall, processor = (1000 * (b - a) for a, b in zip(begin, end, strict=True))
                figures.append((wall / len(images), processor / len(images)))
    return laps


if __name__ == "__main__":
    main()
