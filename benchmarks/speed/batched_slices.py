"""Would slices of several cases in one call of the network be faster than a call for each?

    python benchmarks/speed/batched_slices.py --threads 2

One session, calls of 1, 2, 4 and 8 slices in turn, for slices of 256 and of 512 pixels; medians
of the time and of the processor time (of all threads together) a slice.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from callosal.export.runtime import open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model

Images = NDArray[np.float32]

SLICES = 8
BATCHES = (1, 2, 4, 8)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    segmenter = open_segmenter(resolve_model(arguments.model), "cpu", arguments.threads)
    print("| pixels | slices a call | ms a slice | processor ms a slice |\n|---|---|---|---|")
    for side in (256, 512):
        images = np.random.default_rng(0).uniform(0, 200, (SLICES, 1, side, side))
        laps = _laps(segmenter.probability, images.astype(np.float32), arguments.rounds)
        for batch, rounds in laps.items():
            wall, processor = (statistics.median(column) for column in zip(*rounds, strict=True))
            print(f"| {side} | {batch} | {wall:.1f} | {processor:.1f} |")


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
