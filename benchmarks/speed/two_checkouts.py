"""Time of `callosal infer` in two checkouts, in turn, and whether both write equal results.

    python benchmarks/speed/two_checkouts.py BEFORE/.venv/bin/python AFTER/.venv/bin/python INPUT...
        [--rounds 9] [--threads 2] [--output FOLDER]

Each checkout works in a process of its own that stays warm: headers, pixels, plan, objects and
pictures of all cases among the inputs. The ratio of processor seconds counts on a machine with
other load; wall seconds stand beside it. Then the files of both are compared, plan.json without
version and timings, packed NIfTI files unpacked, everything else byte by byte. Exit code 2: they
differ.
"""

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

_OF_THE_RUN = ("timings_ms", "software")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("before", help="Python of the checkout to compare with")
    parser.add_argument("after", help="Python of the checkout to judge")
    parser.add_argument("inputs", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", type=Path, help="kept; a temporary folder by default")
    parser.add_argument("--work", action="store_true", help="used by itself")
    arguments = parser.parse_args()
    if arguments.work:
        _serve(arguments.inputs, arguments.output, arguments.threads)
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.output or Path(temporary)
        _compare_times(arguments, folder)
        unequal = _unequal_files(folder / "before", folder / "after")
    print("\n".join(unequal) or "equal results")
    return 2 if unequal else 0


def _compare_times(arguments: argparse.Namespace, folder: Path) -> None:
    workers = {
        name: subprocess.Popen(
            [
                python,
                __file__,
                "-",
                "-",
                *map(str, arguments.inputs),
                "--work",
                "--threads",
                str(arguments.threads),
                "--output",
                str(folder / name),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name, python in (("before", arguments.before), ("after", arguments.after))
    }
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in workers}
    for number in range(arguments.rounds + 1):
        order = list(workers) if number % 2 else list(reversed(workers))
        for name in order:
            answer = _ask(workers[name])
            if number:  # the first warms up
                runs[name].append(answer)
    for worker in workers.values():
        worker.communicate()
    for unit in ("processor_s", "wall_s"):
        before, after = (median(run[unit] for run in runs[name]) for name in ("before", "after"))
        print(f"{unit}: {before:.3f} before, {after:.3f} after, ratio {after / before:.2f}")
    for stage in runs["after"][0]["stages_ms"]:
        before, after = (
            median(run["stages_ms"].get(stage, 0.0) for run in runs[name])
            for name in ("before", "after")
        )
        print(f"  {stage}: {before:.0f} ms before, {after:.0f} ms after")


def _ask(worker: "subprocess.Popen[str]") -> dict[str, Any]:
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write("\n")
    worker.stdin.flush()
    answer: dict[str, Any] = json.loads(worker.stdout.readline())
    return answer


def _serve(inputs: list[Path], output: Path, threads: int) -> None:
    """Plan on all cases once for each line of standard input."""
    from callosal.pipelines.cli import settle_process

    settle_process()
    from callosal.export.runtime import open_segmenter
    from callosal.export.shipped import DEFAULT, resolve_model
    from callosal.pipelines.case.process_case import process_case
    from callosal.pipelines.outputs.case_folder import write_outputs
    from callosal.pipelines.reading.cases import find_cases
    from callosal.pipelines.settings import Settings

    segmenter = open_segmenter(resolve_model(DEFAULT), "cpu", threads)
    for _ in sys.stdin:
        wall, processor = time.perf_counter(), time.process_time()
        cases = find_cases(inputs).cases
        stages_ms = {"headers": (time.perf_counter() - wall) * 1000}
        for number, case in enumerate(cases):
            answer = process_case(case, case.load(), segmenter, Settings())
            write_outputs(output / f"case-{number:03d}", answer)
            for stage, spent in answer.document["timings_ms"].items():
                stages_ms[stage] = stages_ms.get(stage, 0.0) + spent
        spent = {
            "wall_s": time.perf_counter() - wall,
            "processor_s": time.process_time() - processor,
        }
        print(json.dumps({**spent, "stages_ms": stages_ms}), flush=True)


def _unequal_files(before: Path, after: Path) -> list[str]:
    names = {
        str(path.relative_to(folder))
        for folder in (before, after)
        for path in folder.rglob("*")
        if path.is_file()
    }
    return [
        f"{name}: differs"
        for name in sorted(names)
        if _content(before / name) != _content(after / name)
    ]


def _content(path: Path) -> object:
    """What counts of a file; None where there is none."""
    if not path.is_file():
        return None
    if path.name == "plan.json":
        document = json.loads(path.read_bytes())
        return {key: value for key, value in document.items() if key not in _OF_THE_RUN}
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


if __name__ == "__main__":
    sys.exit(main())
