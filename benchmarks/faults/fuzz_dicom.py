"""Does any broken DICOM file crash, hang or mislead?

    python benchmarks/faults/fuzz_dicom.py --reader 10000 --pipeline 300 --seed 1
    python benchmarks/faults/fuzz_dicom.py --pipeline 300 --series FOLDER --output FILE.json
    python benchmarks/faults/fuzz_dicom.py --reader 1 --seed 1 --first 4711

The reader gets single mutated files: MR files of pydicom's wheel in every encoding, slices of two
phantoms, and one file of each series given. The pipeline gets whole series of which one to four
files are mutated, from tree walk to plan and DICOM objects. Work is done in a child process with
bounded memory; a failure is

- crash: the child died, or anything but a refusal with a reason code came out;
- hang: a case took longer than the limit;
- misled: a plan that is `ok` without note or reason differs from that of the sound series by more
  than 0.5 degree in the orientation of its stacks or by more than 1 mm at its centre.

A volume that is equal voxel by voxel to one before is not planned again. Of the volumes that come
with a note, one in ten is planned.

Seed and number tell a mutation, so that a failure can be run again alone. Exit code 1 where
anything failed.
"""

import argparse
import json
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from dicom_mutations import MUTATIONS, sound
from fuzz_worker import Found, Worker, differences, plan_series, read_task

from callosal.pipelines.dicom.headers import Header, scan
from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.phantom import phantom_head

MAX_ANGLE_DEG = 0.5
MAX_SHIFT_MM = 1.0
MOST_MUTATED_FILES = 4
PHANTOMS = {
    "phantom": ((72, 80, 80), (2.4, 2.8, 2.8)),
    "phantom of thick slices": ((44, 72, 72), (3.6, 3.0, 3.0)),
}
"""Voxels and their size in mm. A slice lost between thin ones is filled in, between thick ones not.
"""

Rng = np.random.Generator
Break = Callable[[Rng, Path], tuple[str, str]]


@dataclass(frozen=True)
class Failure:
    """What must not happen: which mutation of what, and what came of it."""

    number: int
    kind: str
    mutation: str
    source: str
    told: str


@dataclass(frozen=True)
class Campaign:
    """One run of mutations.

    Attributes:
        numbers: Which mutations.
        seed: Of all of them.
        worker: Does the work.
        break_into: Writes something broken into a folder; gives the names of source and mutation.
        clean: The plan of each sound series; empty for the reader.
    """

    numbers: range
    seed: int
    worker: Worker
    break_into: Break
    clean: Mapping[str, dict[str, Any]]

    def run(self, scratch: Path) -> dict[str, Any]:
        """Run all mutations and count what came of them."""
        outcomes: Counter[str] = Counter()
        failures: list[Failure] = []
        slowest_s, start = 0.0, time.monotonic()
        for number in self.numbers:
            began = time.monotonic()
            failure, told = self._one(number, scratch / "mutated")
            slowest_s = max(slowest_s, time.monotonic() - began)
            outcomes.update(told)
            if failure is not None:
                failures.append(failure)
                print(failure, flush=True)
            if number % 100 == 99:
                print(f"{number + 1}: {len(failures)} failures", flush=True)
        self.worker.stop()
        return {
            "mutations": len(self.numbers),
            "failures": [asdict(failure) for failure in failures],
            "outcomes": dict(outcomes.most_common()),
            "slowest_s": round(slowest_s, 2),
            "seconds": round(time.monotonic() - start, 1),
        }

    def _one(self, number: int, folder: Path) -> tuple[Failure | None, list[str]]:
        folder.mkdir()
        source, mutation = self.break_into(np.random.default_rng([self.seed, number]), folder)
        kind, found = self.worker.run(folder)
        shutil.rmtree(folder)
        if kind != "done":
            return Failure(number, kind, mutation, source, str(found)), [kind]
        misled = _misled(found, self.clean.get(source))
        failure = Failure(number, "misled", mutation, source, misled) if misled else None
        return failure, [item["told"] for item in found]


def _misled(found: Found, clean: dict[str, Any] | None) -> str:
    """How an `ok` plan differs from that of the sound series, "" where none does."""
    for item in found:
        if clean is not None and item["told"] == "ok":
            angle_deg, shift_mm = differences(item, clean)
            if angle_deg > MAX_ANGLE_DEG or shift_mm > MAX_SHIFT_MM:
                return f"{angle_deg:.2f} degree and {shift_mm:.2f} mm off"
    return ""


def break_file(sources: Mapping[str, bytes]) -> Break:
    """Breaks one of several files."""
    files = {name: sound(content) for name, content in sources.items()}
    names = sorted(files)

    def break_into(rng: Rng, folder: Path) -> tuple[str, str]:
        name = names[int(rng.integers(0, len(names)))]
        mutate = MUTATIONS[int(rng.integers(0, len(MUTATIONS)))]
        (folder / "file.dcm").write_bytes(mutate(rng, files[name]))
        return name, mutate.__name__

    return break_into


def break_series(series: Mapping[str, list[Path]]) -> Break:
    """Breaks a few files of one of several series."""
    names = sorted(series)

    def break_into(rng: Rng, folder: Path) -> tuple[str, str]:
        name = names[int(rng.integers(0, len(names)))]
        mutate = MUTATIONS[int(rng.integers(0, len(MUTATIONS)))]
        files = series[name]
        count = int(rng.integers(1, MOST_MUTATED_FILES + 1))
        hit = set(rng.integers(0, len(files), count).tolist())
        for index, path in enumerate(files):
            if index in hit:
                (folder / path.name).write_bytes(mutate(rng, sound(path.read_bytes())))
            else:
                (folder / path.name).hardlink_to(path)
        return name, mutate.__name__

    return break_into


def readable_files(series: Mapping[str, list[Path]]) -> dict[str, bytes]:
    """One file of each series, and all of pydicom's own that the reader takes."""
    own = Path(pydicom.__file__).parent / "data" / "test_files"
    found = [item for item in scan(own) if isinstance(item, Header)]
    files = {Path(header.file.path).name: Path(header.file.path) for header in found}
    files |= {name: paths[len(paths) // 2] for name, paths in series.items()}
    return {name: path.read_bytes() for name, path in files.items()}


def sound_series(folders: list[Path], scratch: Path) -> dict[str, list[Path]]:
    """The phantoms and copies of the given series, each in a folder of its own."""
    series = {}
    for name, (shape, spacing_mm) in PHANTOMS.items():
        head = phantom_head(1, shape, spacing_mm).volume
        series[name] = write_mr_series(head, scratch / name, description=name)
    for number, folder in enumerate(folders, start=1):
        into = scratch / f"series {number}"
        shutil.copytree(folder, into)
        series[into.name] = sorted(path for path in into.iterdir() if path.is_file())
    return series


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reader", type=int, default=0, help="mutated files for the reader")
    parser.add_argument("--pipeline", type=int, default=0, help="mutated series for the pipeline")
    parser.add_argument("--series", type=Path, nargs="*", default=[], help="more sound series")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first mutation")
    parser.add_argument("--limit-s", type=float, default=60.0, help="longest time of a case")
    parser.add_argument("--output", type=Path, help="file of the record")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        record = run(options, Path(folder))
    text = json.dumps(record, indent=1)
    print(text)
    if options.output:
        options.output.write_text(text + "\n")
    raise SystemExit(1 if any(part["failures"] for part in record.values()) else 0)


def run(options: argparse.Namespace, scratch: Path) -> dict[str, dict[str, Any]]:
    series = sound_series(options.series, scratch)
    record = {}
    if options.reader:
        numbers = range(options.first, options.first + options.reader)
        worker = Worker(read_task, options.limit_s)
        breaks = break_file(readable_files(series))
        record["reader"] = Campaign(numbers, options.seed, worker, breaks, {}).run(scratch)
    if options.pipeline:
        numbers = range(options.first, options.first + options.pipeline)
        worker = Worker(plan_series, options.limit_s)
        clean = {name: _sound_plan(worker, name, files) for name, files in series.items()}
        breaks = break_series(series)
        record["pipeline"] = Campaign(numbers, options.seed, worker, breaks, clean).run(scratch)
    return record


def _sound_plan(worker: Worker, name: str, files: Sequence[Path]) -> Any:
    """Plan of a series before anything is broken."""
    plans = worker.run(files[0].parent)[1] if files else []
    if not plans:
        raise SystemExit(f"--series {name}: no plan of it as it is; name the folder of one series")
    return plans[0]


if __name__ == "__main__":
    main()
