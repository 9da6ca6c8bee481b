"""A folder is watched: what arrives is planned on once, whatever happens between."""

import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from callosal.pipelines.batch import session
from callosal.pipelines.cli import main
from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.outputs.case_files import CaseFiles
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.service import watch
from callosal.pipelines.service.arrivals import Arrivals
from tests.batch.made_cases import answer_at_once, write_archive
from tests.dicom.make_series import SeriesRecipe, make_series, write_slices

SECRET = "Secret^Marker"
RUN = "from callosal.pipelines.cli import run; run()"


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "process_case", answer_at_once)


def _once(folder: Path, output: Path, *words: str) -> int:
    pace = ["--quiet-seconds", "0.2", "--poll-seconds", "0.05", "--once"]
    return main(["watch", str(folder), "--output", str(output), "--device", "cpu", *pace, *words])


def _rows(output: Path) -> list[dict[str, str]]:
    with (output / "results.csv").open() as stream:
        return list(csv.DictReader(stream))


def _done_times(output: Path) -> dict[str, int]:
    return {path.parent.name: path.stat().st_mtime_ns for path in output.glob("cases/*/done.json")}


@pytest.mark.usefixtures("_quick")
def test_what_is_done_is_not_done_again_and_what_gains_a_file_is(tmp_path: Path) -> None:
    folder, output = write_archive(tmp_path / SECRET, 3), tmp_path / "out"
    late = sorted((folder / "s002").iterdir())[-1]
    late.rename(tmp_path / "late")
    assert _once(folder, output) == 0
    before = _done_times(output)
    assert len(before) == 3
    assert _once(folder, output) == 0
    assert _done_times(output) == before
    (tmp_path / "late").rename(late)
    assert _once(folder, output) == 0
    after = _done_times(output)
    assert sorted(before[name] == after[name] for name in before) == [False, True, True]
    assert len(_rows(output)) == 3


@pytest.mark.usefixtures("_quick")
def test_it_is_one_folder_with_infer_and_tells_no_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, output = write_archive(tmp_path / SECRET, 2), tmp_path / "out"
    assert main(["infer", str(folder), "--output", str(output), "--device", "cpu"]) == 0
    before = _done_times(output)
    capsys.readouterr()
    mapping = tmp_path / "who.csv"
    assert _once(folder, output, "--mapping", str(mapping), "--log-json") == 0
    assert _done_times(output) == before
    told = capsys.readouterr().err
    assert SECRET not in told
    assert {json.loads(line)["command"] for line in told.splitlines()} == {"watch"}
    record = json.loads((output / "run.json").read_text())
    assert record["command"] == record["argv"][0] == "watch"
    assert SECRET not in json.dumps(record)
    assert (output / "report.html").is_file()
    assert mapping.stat().st_mode & 0o777 == 0o600
    assert mapping.read_text().count(SECRET) == 2


@pytest.mark.usefixtures("_quick")
def test_a_broken_series_is_refused_until_it_is_mended(tmp_path: Path) -> None:
    folder, output = write_archive(tmp_path / "in", 2), tmp_path / "out"
    middle = sorted((folder / "s001").iterdir())[5]
    middle.rename(tmp_path / "middle")
    assert _once(folder, output) == 2
    assert sorted(row["status"] for row in _rows(output)) == ["ok", "skipped"]
    (tmp_path / "middle").rename(middle)
    assert _once(folder, output) == 0
    assert [row["status"] for row in _rows(output)] == ["ok", "ok"]


@pytest.mark.usefixtures("_quick")
def test_a_fault_that_may_pass_is_tried_again_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, output = write_archive(tmp_path / "in", 1), tmp_path / "out"
    monkeypatch.setattr(watch, "RETRY_S", 0.2)
    calls: list[int] = []

    def recover(*_: object) -> object:
        calls.append(1)
        if len(calls) <= 2:
            raise RuntimeError("odd")
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM)).start()
        return answer_at_once()

    monkeypatch.setattr(session, "process_case", recover)
    words = ["--quiet-seconds", "0.2", "--poll-seconds", "0.05", "--device", "cpu"]
    assert main(["watch", str(folder), "--output", str(output), *words]) == 0
    assert len(calls) == 3
    assert [row["status"] for row in _rows(output)] == ["ok"]


def test_results_are_sent_before_once_ends_and_what_waits_is_a_code_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pynetdicom", reason="sending needs the extra `pacs`")
    from tests.archive.stores import CLASSES, are_equal, object_bytes, store

    made = {f"1.2.3.{place}": object_bytes(CLASSES[name], f"1.2.3.{place}", "1.2")
            for place, name in enumerate(CLASSES)}  # fmt: skip
    answer = answer_at_once()
    files = {**answer.files, **dict(zip(CLASSES, made.values(), strict=True))}
    monkeypatch.setattr(session, "process_case", lambda *_: CaseFiles(answer.document, files))
    folder, output = write_archive(tmp_path / "in", 1), tmp_path / "out"
    with store() as archive:
        pass
    assert _once(folder, output, "--send-to", archive.word) == 2
    assert '"sending":["waiting",""]' in (output / "report.html").read_text()
    with store(port=archive.port) as again:
        assert _once(folder, output, "--send-to", again.word, "--send-as", "ME") == 0
        assert are_equal(made, again)
        assert again.callers == {"ME"}
    assert '"sending":["sent",""]' in (output / "report.html").read_text()


def test_an_empty_folder_is_done_and_an_absent_one_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    assert _once(tmp_path / "in", tmp_path / "out") == 0
    assert _once(tmp_path / "absent", tmp_path / "out") == 1
    assert "no_such_input" in capsys.readouterr().err


@pytest.mark.parametrize("place", [".", "results", "a/b"])
def test_results_do_not_go_into_the_folder_that_is_watched(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _once(tmp_path, tmp_path / place) == 1
    assert "output_in_input" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--quiet-seconds", "0"], ["--poll-seconds", "-1"],
                                   ["--workers", "0"]])  # fmt: skip
def test_an_impossible_pace_is_wrong_usage(words: list[str], tmp_path: Path) -> None:
    assert main(["watch", str(tmp_path), "--output", str(tmp_path / "out"), *words]) == 3


@pytest.fixture
def heads(tmp_path: Path) -> Path:
    head = phantom_head(1, (44, 64, 64), (3.6, 3.75, 3.75))
    for seed in range(4):
        write_mr_series(head.volume, tmp_path / "in" / str(seed), description="p", seed=seed)
    return tmp_path / "in"


@pytest.fixture
def started(heads: Path, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    words = ["watch", str(heads), "--output", str(tmp_path / "out"), "--device", "cpu",
             "--quiet-seconds", "0.5", "--poll-seconds", "0.1"]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, *words], stderr=subprocess.PIPE, text=True
    )
    yield process
    process.kill()
    process.communicate()


def test_a_stop_finishes_the_running_case_and_a_restart_does_the_rest(
    started: "subprocess.Popen[str]", heads: Path, tmp_path: Path
) -> None:
    assert started.stderr is not None
    assert "1 done, 0 failed, 0 refused of 4" in started.stderr.readline()
    started.send_signal(signal.SIGTERM)
    told = started.stderr.read()
    assert started.wait() == 0
    n_done = len(_done_times(tmp_path / "out"))
    assert f"stopped: {n_done} done, 0 failed or refused; run the same command again" in told
    assert 1 <= n_done <= 3
    assert len(_rows(tmp_path / "out")) == n_done
    before = _done_times(tmp_path / "out")
    assert _once(heads, tmp_path / "out") == 0
    after = _done_times(tmp_path / "out")
    assert len(after) == 4
    assert {name: after[name] for name in before} == before


def test_looking_takes_a_bounded_share_of_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_slices(tmp_path / "in", make_series(SeriesRecipe(4)))
    file = next(path for path in (tmp_path / "in").rglob("*") if path.is_file())
    look, looks = Arrivals.look, []

    def slow(arrivals: Arrivals) -> None:
        looks.append(time.monotonic())
        if len(looks) == 2:
            # However long it took to open the model, there is something to wait for.
            os.utime(file)
        time.sleep(0.05)
        look(arrivals)

    monkeypatch.setattr(Arrivals, "look", slow)
    monkeypatch.setattr(session, "process_case", answer_at_once)
    assert _once(tmp_path / "in", tmp_path / "out", "--quiet-seconds", "0.5") == 0
    idle = [after - before for before, after in pairwise(looks[1:])]
    assert idle
    assert max(idle) >= 0.05 / watch.LOOK_SHARE
