"""Contests: who runs when, and what is told."""

import sys

from callosal.pipelines.speed.contest import Contestant, hold, missing
from callosal.pipelines.speed.whole import Worker


def test_contestants_run_in_turn_and_the_first_round_does_not_count() -> None:
    order: list[str] = []
    seconds = {"ours": iter([90.0, 1.0, 2.0, 3.0]), "peer": iter([90.0, 4.0, 4.0, 8.0])}

    def run(name: str) -> float:
        order.append(name)
        return next(seconds[name])

    contestants = [Contestant(name, lambda name=name: run(name)) for name in seconds]
    contest = hold("a question", contestants, 3, {"other": "it is not installed"})
    assert order == ["ours", "peer"] * 4
    ours, peer = contest.results
    assert (ours.median_s, ours.fastest_s, ours.ratio) == (2.0, 1.0, 1.0)
    assert (peer.median_s, peer.ratio) == (4.0, 2.0)
    assert contest.as_json()["absent"] == {"other": "it is not installed"}


def test_a_peer_that_is_not_installed_is_named() -> None:
    assert missing("numpy") is None
    assert missing("no-such-package") == "no-such-package is not installed"


def test_a_worker_answers_each_line_and_ends() -> None:
    code = "import sys\nfor n, _ in enumerate(sys.stdin):\n" \
           " print(f'{{\"seconds\": {n}, \"peak_mb\": 7}}', flush=True)"  # fmt: skip
    with Worker([sys.executable, "-c", code]) as worker:
        assert [worker.run(), worker.run(), worker.run()] == [0.0, 1.0, 2.0]
        assert worker.peak_mb() == 7
    assert worker._process.returncode == 0
