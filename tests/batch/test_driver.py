import gc
import io
import signal
import threading
import weakref
from collections.abc import Generator, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from highdicom import Volume
from rich.console import Console

from callosal.models.errors import InputError
from callosal.pipelines.batch import local_engine
from callosal.pipelines.batch.case_names import case_names
from callosal.pipelines.batch.case_work import CaseResult, Fault
from callosal.pipelines.batch.driver import Finished, run_jobs
from callosal.pipelines.batch.jobs import Job, Part, make_jobs, split_finished
from callosal.pipelines.batch.local_engine import LocalEngine
from callosal.pipelines.batch.stopping import Stop
from callosal.pipelines.outputs.case_files import CaseFiles
from callosal.pipelines.outputs.case_folder import RunFingerprint
from callosal.pipelines.outputs.file_names import CASES, DONE
from callosal.pipelines.reading.cases import Case, find_cases
from tests.batch.made_cases import real_answer, write_archive


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> list[Job]:
    archive = write_archive(tmp_path_factory.mktemp("archive"), 5)
    fingerprint = RunFingerprint("model", "config", "1")
    index = find_cases([archive])
    return make_jobs(index.cases, case_names(index, "salt", "hash"), fingerprint, Part())


class Script:
    """Answers like a script: by the n-th call for a case, counted from 0."""

    def __init__(self, faults: dict[str, list[Exception]]) -> None:
        self.faults = faults
        self.calls: list[str] = []

    def __call__(self, case: Case, volume: Volume) -> CaseFiles:
        self.calls.append(case.label)
        pending = self.faults.get(case.label, [])
        if pending:
            raise pending.pop(0)
        return real_answer()


def rows_of(finished: Iterable[Finished]) -> list[dict[str, Any]]:
    return [one.row for one in finished]


def _console() -> Console:
    return Console(file=io.StringIO())


def test_a_fault_fails_its_case_only(jobs: list[Job], tmp_path: Path) -> None:
    script = Script({jobs[1].case.label: [InputError("s: broken", "broken")]})
    console = _console()
    rows = rows_of(run_jobs(jobs, tmp_path, LocalEngine(script, 2), console))
    assert [row["status"] for row in rows] == ["ok", "failed", "ok", "ok", "ok"]
    assert rows[1]["reasons"] == "broken"
    assert (tmp_path / CASES / jobs[1].name / DONE).is_file()
    assert split_finished(jobs, tmp_path) == ([], rows)
    assert isinstance(console.file, io.StringIO)
    told = console.file.getvalue()
    assert f"{jobs[1].name} failed: broken" in told
    assert jobs[1].case.label not in told, "names are for a terminal only"
    assert "4 done, 1 failed, 0 refused of 5" in told


@pytest.mark.parametrize("error", [RuntimeError("odd"), InputError("s: gone", "unreadable")])
def test_what_may_pass_is_tried_again_after_all_others(
    error: Exception, jobs: list[Job], tmp_path: Path
) -> None:
    script = Script({jobs[1].case.label: [error]})
    rows = rows_of(run_jobs(jobs, tmp_path, LocalEngine(script, 2), _console()))
    assert [row["status"] for row in rows] == ["ok"] * 5
    assert script.calls[-1] == jobs[1].case.label
    assert len(script.calls) == 6


def test_what_fails_twice_is_failed_and_left_to_the_next_run(
    jobs: list[Job], tmp_path: Path
) -> None:
    script = Script({jobs[0].case.label: [RuntimeError("odd")] * 2 + [MemoryError()]})
    rows = rows_of(run_jobs(jobs[:2], tmp_path, LocalEngine(script, 1), _console()))
    assert [row["reasons"] for row in rows] == ["coarse_voxels", "internal_error"]
    assert (tmp_path / CASES / jobs[0].name / "plan.json").is_file()
    to_do, kept = split_finished(jobs[:2], tmp_path)
    assert to_do == jobs[:1]
    assert kept == rows[:1]
    (row,) = rows_of(run_jobs(to_do, tmp_path, LocalEngine(script, 1), _console()))
    assert row["status"] == "ok"


def test_faults_name_their_place_and_no_path(jobs: list[Job], tmp_path: Path) -> None:
    console = _console()
    script = Script({jobs[0].case.label: [RuntimeError(str(tmp_path))] * 2})
    list(run_jobs(jobs[:1], tmp_path, LocalEngine(script, 1), console))
    assert isinstance(console.file, io.StringIO)
    assert "RuntimeError in test_driver.py:" in console.file.getvalue()
    assert str(tmp_path) not in console.file.getvalue()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_the_running_case_finish(
    number: signal.Signals, jobs: list[Job], tmp_path: Path
) -> None:
    def process(case: Case, volume: Volume) -> CaseFiles:
        if case is jobs[1].case:
            signal.raise_signal(number)
        return real_answer()

    # In the background of a shell SIGINT is ignored; what was there before is there again.
    before = signal.getsignal(signal.SIGINT)
    rows: list[dict[str, object]] = []
    with pytest.raises(KeyboardInterrupt):
        rows.extend(
            one.row for one in run_jobs(jobs, tmp_path, LocalEngine(process, 2), _console())
        )
    assert [row["status"] for row in rows] == ["ok", "ok"]
    assert signal.getsignal(signal.SIGINT) is before
    assert [job.name for job in split_finished(jobs, tmp_path)[0]] == [job.name for job in jobs[2:]]


def test_a_signal_in_the_last_case_stops_nothing(jobs: list[Job], tmp_path: Path) -> None:
    def process(case: Case, volume: Volume) -> CaseFiles:
        if case is jobs[-1].case:
            signal.raise_signal(signal.SIGINT)
        return real_answer()

    assert len(list(run_jobs(jobs, tmp_path, LocalEngine(process, 2), _console()))) == len(jobs)


def _held(jobs: Sequence[Job], workers: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """Most cases that were loaded and not yet planned."""
    lock, held, most = threading.Lock(), set(), 0
    load = Case.load

    def count(case: Case) -> Volume:
        nonlocal most
        with lock:
            held.add(case.label)
            most = max(most, len(held))
        return load(case)

    def process(case: Case, volume: Volume) -> CaseFiles:
        threading.Event().wait(0.05)  # long enough for readers to run ahead, if they could
        with lock:
            held.discard(case.label)
        return real_answer()

    monkeypatch.setattr(Case, "load", count)
    list(LocalEngine(process, workers).run(jobs, Stop()))
    return most


def test_readers_wait_for_the_planner(jobs: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    assert 2 <= _held(jobs, 2, monkeypatch) <= 3


def test_large_cases_are_read_one_by_one(jobs: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_engine, "READ_AHEAD_VOXELS", jobs[0].case.n_voxels * 1.5)
    assert _held(jobs, 4, monkeypatch) == 1


class Ring:
    """Freed by nothing but a search for cycles."""

    def __init__(self) -> None:
        self.itself = self


def test_what_a_case_leaves_does_not_pile_up(jobs: list[Job]) -> None:
    left: list[weakref.ref[Ring]] = []

    def process(case: Case, volume: Volume) -> CaseFiles:
        left.append(weakref.ref(Ring()))
        return real_answer()

    gc.disable()
    try:
        alive = [
            sum(ring() is not None for ring in left)
            for _ in LocalEngine(process, 2).run(jobs, Stop())
        ]
    finally:
        gc.enable()
    assert alive == [1] * len(jobs)


class Lossy:
    """Loses the worker of its first job, as a cluster may."""

    def __init__(self) -> None:
        self.rounds: list[int] = []

    def run(self, jobs: Sequence[Job], stop: Stop) -> Generator[tuple[Job, CaseResult]]:
        for place, job in enumerate(jobs):
            lost = not self.rounds and place == 0
            yield job, CaseResult(Fault("worker_lost", "gone") if lost else real_answer(), 0.1)
        self.rounds.append(len(jobs))


def test_each_case_has_one_row_whatever_the_workers_do(jobs: list[Job], tmp_path: Path) -> None:
    runner = Lossy()
    rows = rows_of(run_jobs(jobs, tmp_path, runner, _console()))
    assert sorted(row["case_id"] for row in rows) == sorted(job.name for job in jobs)
    assert runner.rounds == [5, 1]


def test_a_lost_file_means_that_the_case_is_not_done(jobs: list[Job], tmp_path: Path) -> None:
    list(run_jobs(jobs[:1], tmp_path, LocalEngine(Script({}), 1), _console()))
    (tmp_path / CASES / jobs[0].name / "overlay.png").unlink()
    assert split_finished(jobs[:1], tmp_path)[0] == jobs[:1]


def test_another_input_model_or_setting_means_that_it_is_not_done(
    jobs: list[Job], tmp_path: Path
) -> None:
    list(run_jobs(jobs[:1], tmp_path, LocalEngine(Script({}), 1), _console()))
    for name in ("input", "model_sha256", "config_sha256", "software"):
        other = replace(jobs[0], fingerprint=replace(jobs[0].fingerprint, **{name: "other"}))
        assert split_finished([other], tmp_path)[0] == [other]
    assert split_finished(jobs[:1], tmp_path)[0] == []
