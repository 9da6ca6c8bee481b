"""A whole series to its plan, ours against the plain pipeline that a user would write."""

import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any, Self

from callosal.pipelines.speed.contest import Contest, Contestant, hold


class Worker:
    """A child process that does its work once for each line it is sent."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True,
        )  # fmt: skip
        self.answers: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        """The worker itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self._process.communicate(timeout=60)

    def run(self) -> float:
        """Have the work done once and return its seconds.

        Raises:
            RuntimeError: The process ended without an answer.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the worker ended without an answer")
        self.answers.append(json.loads(line))
        return float(self.answers[-1]["seconds"])

    def peak_mb(self) -> float | None:
        """Peak memory of the process so far."""
        return float(self.answers[-1]["peak_mb"])


def whole_contests(
    series: Path, model: Path, plain: Path | None, config: Path | None, output: Path,
    threads: int, rounds: int, limit_s: float | None = None,
) -> tuple[list[Contest], dict[str, float]]:  # fmt: skip
    """Warm processes first, then processes started anew, imports included.

    Args:
        series: Folder of one series.
        model: The ONNX file.
        plain: benchmarks/speed/plain_pipeline.py of a clone, where there is one.
        config: Training config that the plain pipeline builds its torch network from.
        output: Folder to write into.
        threads: Threads of both networks.
        rounds: Runs of each.
        limit_s: The least time for a warm process.

    Returns:
        The contests, and the median milliseconds of each of our stages.
    """
    ours = [sys.executable, "-m", "callosal.pipelines.speed.worker", str(series), str(model),
            str(output / "ours"), str(threads)]  # fmt: skip
    commands = {"callosal": ours}
    absent = {}
    if plain is None or config is None:
        absent["plain pipeline"] = (
            "benchmarks/speed/plain_pipeline.py comes with a clone, not the wheel"
        )
    else:
        for style in ("volume", "slices"):
            commands[f"plain pipeline ({style} resampled)"] = [
                sys.executable, str(plain), str(series), str(config),
                str(output / f"plain-{style}"), str(threads), style,
            ]  # fmt: skip
    workers = {name: Worker(command) for name, command in commands.items()}
    try:
        contestants = [
            Contestant(name, worker.run, worker.peak_mb) for name, worker in workers.items()
        ]
        title = "series to plan, outputs written, warm"
        warm = hold(title, contestants, rounds, absent, limit_s)
    finally:
        for worker in workers.values():
            worker.__exit__()
    cold = hold(
        "series to plan, process started anew",
        [Contestant(name, lambda c=command: _once(c)) for name, command in commands.items()],  # type: ignore[misc]
        max(2, rounds // 2),
        absent,
    )
    return [warm, cold], _median_stages(workers["callosal"].answers)


def _once(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, input="\n", text=True, check=True, capture_output=True)
    return time.perf_counter() - start


def _median_stages(answers: list[dict[str, Any]]) -> dict[str, float]:
    stages = [answer["stages_ms"] for answer in answers[1:]]
    return {name: median(each[name] for each in stages) for name in stages[0]}
