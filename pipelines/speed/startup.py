"""How long a command takes before it does anything."""

import subprocess
import sys
import time
from functools import partial

from callosal.pipelines.speed.contest import Contest, Contestant, hold

COMMANDS = {
    "callosal --help": ["-m", "callosal.pipelines.cli", "--help"],
    "callosal infer --help": ["-m", "callosal.pipelines.cli", "infer", "--help"],
    "callosal models": ["-m", "callosal.pipelines.cli", "models"],
    "python alone": ["-c", "pass"],
}


def startup_contest(rounds: int) -> Contest:
    """Start each command anew."""
    contestants = [Contestant(name, partial(_once, words)) for name, words in COMMANDS.items()]
    return hold("start-up of the command", contestants, rounds, {})


def _once(words: list[str]) -> float:
    code = words if words[0] == "-c" else ["-c", _entry(words[2:])]
    start = time.perf_counter()
    subprocess.run([sys.executable, *code], check=True, capture_output=True)
    return time.perf_counter() - start


def _entry(words: list[str]) -> str:
    """What the console script does."""
    return (
        f"import sys; sys.argv = ['callosal', *{words!r}]; "
        "from callosal.pipelines.cli import run; run()"
    )
