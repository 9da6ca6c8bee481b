"""Is a run that was killed thirty times, and resumed, the same as one left alone?

    python benchmarks/faults/kill_and_resume.py FOLDER [--series 60] [--kills 30] [--seed 0] [--ray]

Makes an archive of phantom series in FOLDER, runs `callosal infer` on it once undisturbed, then
into a second folder with kill -9 after random times, each run going on where the last one was
killed, until the last is left to finish. With --ray a third run goes to a Ray cluster of two
machines (simulated here), of which one is lost after a third of the cases.

All files are then compared byte by byte, but for: `timings_ms` in plan.json, `seconds` in
done.json and in the tables, since no two runs take equally long; run.json, report.html and .lock,
which tell of the run (times, process id) beside the results that are compared here. The salt of
the first folder is copied to the others, or the cases would have other names.
"""

import argparse
import csv
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from made_archive import make_archive

INFER = [sys.executable, "-c", "from callosal.pipelines.cli import run; run()", "infer"]
OF_THE_RUN = frozenset({"run.json", "report.html", ".lock"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--series", type=int, default=60)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ray", action="store_true")
    arguments = parser.parse_args()
    archive = make_archive(arguments.folder / "archive", arguments.series)
    alone, killed, lost = (arguments.folder / name for name in ("alone", "killed", "lost"))
    for output in (alone, killed, lost):
        shutil.rmtree(output, ignore_errors=True)
        output.mkdir(parents=True)
    start = time.monotonic()
    code = subprocess.run(_command(archive, alone), stderr=subprocess.DEVNULL).returncode
    seconds = time.monotonic() - start
    print(f"undisturbed: exit code {code}, {seconds:.0f} s", flush=True)
    for output in (killed, lost):
        shutil.copy(alone / ".salt", output / ".salt")
    command = _command(archive, killed)
    _kill(command, killed, arguments.kills, seconds / arguments.series, arguments.seed)
    code = subprocess.run(command, stderr=subprocess.DEVNULL).returncode
    print(f"killed and resumed: exit code {code} in the end")
    wrong = _compare(alone, killed, arguments.series)
    if arguments.ray:
        code = _lose_a_machine(archive, lost, arguments.series)
        print(f"a machine lost: exit code {code}")
        wrong += _compare(alone, lost, arguments.series)
    sys.exit(min(wrong, 1))


def _command(archive: Path, output: Path) -> list[str]:
    return [*INFER, str(archive), "--output", str(output), "--device", "cpu", "--threads", "1"]


def _kill(command: list[str], output: Path, n_kills: int, case_s: float, seed: int) -> None:
    """Kill runs after times drawn evenly from none to start-up and five cases."""
    chance = random.Random(seed)
    longest_s = _startup_s() + 5 * case_s
    n_torn = n_temporaries = 0
    for kill in range(n_kills):
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as run:
            time.sleep(chance.uniform(0, longest_s))
            run.send_signal(signal.SIGKILL)
        done = len(list(output.glob("cases/*/done.json")))
        torn = len(list(output.glob("cases/*"))) - done
        temporaries = len(list(output.rglob("*.tmp")))
        n_torn += bool(torn)
        n_temporaries += bool(temporaries)
        print(f"kill {kill + 1}: {done} done, {torn} cut, {temporaries} temporary", flush=True)
    print(f"{n_kills} kills: {n_torn} cut a case short, {n_temporaries} left a temporary file")


def _startup_s() -> float:
    start = time.monotonic()
    subprocess.run([*INFER, os.devnull, "--output", os.devnull], stderr=subprocess.DEVNULL)
    return time.monotonic() - start


def _lose_a_machine(archive: Path, output: Path, n_series: int) -> int:
    """Run on two machines and lose one after a third of the cases."""
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    head = {"num_cpus": 1, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    second = cluster.add_node(num_cpus=1)
    command = [*_command(archive, output), "--engine", "ray", "--ray.address", cluster.address]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
        while run.poll() is None and _count(output) < n_series // 3:
            time.sleep(0.1)
        n_then = _count(output)
        cluster.remove_node(second, allow_graceful=False)
        told = run.stderr.read() if run.stderr else ""
    print(f"machine lost after {n_then} cases, {told.count('worker_lost')} cases lost with it")
    cluster.shutdown()
    return run.returncode


def _count(output: Path) -> int:
    return len(list(output.glob("cases/*/done.json")))


def _compare(alone: Path, disturbed: Path, n_series: int) -> int:
    """Tell what differs; 0 where nothing does."""
    first, second = _comparable(alone), _comparable(disturbed)
    rows = [json.loads(line) for line in (disturbed / "results.jsonl").read_text().splitlines()]
    names = {row["case_id"] for row in rows}
    differing = sorted(
        name for name in first.keys() | second.keys() if first.get(name) != second.get(name)
    )
    temporaries = list(disturbed.rglob("*.tmp"))
    print(f"{len(rows)} rows, {len(names)} cases, {_count(disturbed)} finished, of {n_series}")
    print(f"{len(first)} files compared, {len(differing)} differ: {differing[:5]}")
    print(f"{len(temporaries)} temporary files")
    whole = len(rows) == len(names) == _count(disturbed) == n_series
    return 0 if whole and not differing and not temporaries else 1


def _comparable(output: Path) -> dict[str, bytes]:
    """Content of all files of a run without what tells of time."""
    return {
        path.relative_to(output).as_posix(): _timeless(path)
        for path in output.rglob("*")
        if path.is_file() and path.name not in OF_THE_RUN
    }


def _timeless(path: Path) -> bytes:
    content = path.read_bytes()
    if path.name in ("plan.json", "done.json"):
        return json.dumps(_without_times(json.loads(content))).encode()
    if path.name == "results.jsonl":
        lines = [_without_times(json.loads(line)) for line in content.splitlines()]
        return json.dumps(lines).encode()
    if path.name == "results.csv":
        return json.dumps([_without_times(row) for row in csv.DictReader(_text(content))]).encode()
    return content


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_times(item)
            for key, item in value.items()
            if key not in ("timings_ms", "seconds")
        }
    return value


def _text(content: bytes) -> io.StringIO:
    return io.StringIO(content.decode("utf-8"))


if __name__ == "__main__":
    main()
