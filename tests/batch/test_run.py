"""Whole runs on small series, with planning cut short: what is written, and what is told."""

import csv
import errno
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from callosal.pipelines.batch import session
from callosal.pipelines.cli import main
from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.outputs import atomic
from callosal.pipelines.outputs.run_lock import run_lock
from callosal.pipelines.phantom import phantom_head
from tests.batch.made_cases import answer_at_once, real_answer, refuse, write_archive
from tests.dicom.make_series import AXIAL, SeriesRecipe, make_series, write_slices

SECRET = "Secret^Marker"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_archive(tmp_path_factory.mktemp("archive") / SECRET, 3)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "process_case", answer_at_once)


def _infer(archive: Path, output: Path, *words: str) -> int:
    return main(["infer", str(archive), "--output", str(output), "--device", "cpu", *words])


def _rows(output: Path) -> list[dict[str, str]]:
    with (output / "results.csv").open() as stream:
        return list(csv.DictReader(stream))


def test_a_disk_that_fails_at_any_write_costs_nothing_that_is_written(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    archive, fsync = archive / "s001", os.fsync
    whole = tmp_path / "whole"
    calls = itertools.count()
    monkeypatch.setattr(os, "fsync", lambda handle: next(calls))
    assert _infer(archive, whole) == 0
    n_writes = next(calls)
    assert n_writes > 8
    for n_good in range(n_writes):
        output = tmp_path / f"out{n_good}"
        calls = itertools.count()

        def fail(handle: int, calls: "itertools.count[int]" = calls, n_good: int = n_good) -> None:
            if next(calls) >= n_good:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "fsync", fail)
        capsys.readouterr()
        code = _infer(archive, output)
        told = capsys.readouterr().err
        n_done = len(list(output.glob("cases/*/done.json")))
        assert code == (2 if n_done else 1), n_good
        assert "disk_full" in told
        assert "Traceback" not in told
        assert not list(output.rglob("*.tmp"))
        monkeypatch.setattr(os, "fsync", fsync)
        before = {path: path.stat().st_mtime_ns for path in output.glob("cases/*/done.json")}
        assert _infer(archive, output) == 0
        assert len(_rows(output)) == 1
        assert all(path.stat().st_mtime_ns == before[path] for path in before)


def test_a_full_disk_tells_how_to_go_on(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    write = atomic.write_bytes
    n_plans = itertools.count()

    def full(path: Path, content: bytes, mode: int = 0o666) -> None:
        if path.name == "plan.json" and next(n_plans) == 2:
            with atomic._telling(path.name):
                raise OSError(errno.ENOSPC, "No space left on device")
        write(path, content, mode)

    monkeypatch.setattr("callosal.pipelines.outputs.case_folder.write_bytes", full)
    assert _infer(archive, tmp_path / "out") == 2
    told = capsys.readouterr().err
    assert "1 of 3 cases are not written; then run the same command again" in told
    assert len(_rows(tmp_path / "out")) == 2


def test_two_runs_on_one_folder(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with run_lock(tmp_path / "out"):
        assert _infer(archive, tmp_path / "out") == 1
    error = capsys.readouterr().err
    assert "output_in_use" in error
    assert len(error.strip().splitlines()) == 1
    assert _infer(archive, tmp_path / "out") == 0


def test_a_changed_input_is_done_again_and_the_others_are_not(
    archive: Path, tmp_path: Path
) -> None:
    copy, output = tmp_path / "in", tmp_path / "out"
    shutil.copytree(archive, copy)
    assert _infer(copy, output) == 0
    before = {path: path.stat().st_mtime_ns for path in output.glob("cases/*/done.json")}
    changed = next(iter(sorted((copy / "s002").iterdir())))
    os.utime(changed, (1, 1))
    assert _infer(copy, output) == 0
    after = {path: path.stat().st_mtime_ns for path in output.glob("cases/*/done.json")}
    assert sorted(before[path] == after[path] for path in before) == [False, True, True]


def test_another_model_is_another_result(archive: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    for model in ("attention_unet", "bisenetv2"):
        assert _infer(archive / "s001", output, "--model", model) == 0
        (done,) = output.glob("cases/*/done.json")
        sha256 = json.loads((output / "run.json").read_text())["model"]["sha256"]
        assert json.loads(done.read_text())["fingerprint"]["model_sha256"] == sha256


def test_the_tables_keep_the_cases_of_other_inputs(archive: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    for name, n_rows in (("s001", 1), ("s002", 2), ("s001", 2)):
        assert _infer(archive / name, output) == 0
        assert len(_rows(output)) == n_rows
    assert _infer(archive / "s003", output, "--settings.line", "endpoints") == 0
    assert len(_rows(output)) == 1, "results of other settings are not mixed in"


def test_run_json_tells_the_command_and_no_path(archive: Path, tmp_path: Path) -> None:
    output = tmp_path / SECRET
    assert _infer(archive, output, "--overwrite", "--part-id", "0", "--num-parts", "1") == 0
    text = (output / "run.json").read_text()
    assert SECRET not in text
    assert str(tmp_path) not in text
    record = json.loads(text)
    words = " ".join(record["argv"])
    assert words.startswith("infer path-")
    assert "--model attention_unet --device cpu" in words
    assert "--overwrite" in words
    assert record["part"] == {"index": 0, "count": 1}


@pytest.mark.parametrize(("n_refused", "code"), [(0, 0), (1, 2), (3, 1)])
def test_low_confidence_without_stacks_counts_as_refused(
    n_refused: int, code: int, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = real_answer()
    document = {**outcome.document, "status": "low_confidence", "planes": None}
    outcomes = iter([replace(outcome, document=document)] * n_refused + [outcome] * 3)
    monkeypatch.setattr(session, "process_case", lambda *_: next(outcomes))
    assert _infer(archive, tmp_path / "out") == code


def test_nothing_planned_is_code_1(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "process_case", refuse)
    assert _infer(archive, tmp_path / "out") == 1
    assert {row["reasons"] for row in _rows(tmp_path / "out")} == {"made_to_fail"}


def test_parts_share_what_is_skipped_too(archive: Path, tmp_path: Path) -> None:
    copy = tmp_path / "in"
    shutil.copytree(archive, copy)
    for number in (1, 2):
        next(iter(sorted((copy / f"s00{number}").iterdir()))).write_bytes(b"")
    found = []
    for part in range(3):
        _infer(copy, tmp_path / f"out{part}", "--part-id", str(part), "--num-parts", "3")
        found += [row["status"] for row in _rows(tmp_path / f"out{part}")]
    whole = tmp_path / "whole"
    _infer(copy, whole)
    assert sorted(found) == sorted(row["status"] for row in _rows(whole))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_run_tells_how_to_go_on_and_goes_on(
    number: signal.Signals, tmp_path: Path
) -> None:
    head = phantom_head(1, (44, 64, 64), (3.6, 3.75, 3.75))
    for seed in range(6):
        write_mr_series(head.volume, tmp_path / "in" / str(seed), description="p", seed=seed)
    words = ["infer", str(tmp_path / "in"), "--output", str(tmp_path / "out"), "--device", "cpu"]
    script = "from callosal.pipelines.cli import run; run()"
    command = [sys.executable, "-c", script, *words]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as stopped:
        assert stopped.stderr is not None
        first = stopped.stderr.readline()
        assert "1 done, 0 failed, 0 refused of 6" in first
        stopped.send_signal(number)
        told = stopped.stderr.read()
        assert stopped.wait() == 130
    n_done = len(list((tmp_path / "out").glob("cases/*/done.json")))
    assert f"stopped with {6 - n_done} of 6 cases to do; run the same command again" in told
    assert 1 <= n_done <= 4
    assert len(_rows(tmp_path / "out")) == n_done
    assert _infer(tmp_path / "in", tmp_path / "out") == 0
    assert len(_rows(tmp_path / "out")) == 6


def test_without_ray_the_extra_is_named(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    for name in ("ray_engine", "ray_pool"):
        monkeypatch.delitem(sys.modules, f"callosal.pipelines.batch.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "ray", None)
    assert _infer(archive, tmp_path / "out", "--engine", "ray") == 1
    assert "pip install '.[ray]'" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--ray.actors", "0"], ["--ray.cpus", "-1"], ["--engine", "x"]])
def test_a_wrong_size_of_workers_is_wrong_usage(
    words: list[str], archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _infer(archive, tmp_path / "out", *words) == 3
    assert len(capsys.readouterr().err.strip().splitlines()) <= 3


@pytest.mark.parametrize(("objects", "loads"), [("[seg]", 1), ("[]", 0)])
def test_tables_are_loaded_only_for_dicom_objects(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, objects: str, loads: int
) -> None:
    calls: list[None] = []
    monkeypatch.setattr(session, "load_standard_tables", lambda: calls.append(None))
    assert _infer(archive / "s001", tmp_path / "out", "--settings.dicom_objects", objects) == 0
    assert len(calls) == loads


@pytest.mark.parametrize("kind", ["ct", "axial"])
def test_where_nothing_can_be_planned_the_exit_code_is_1(kind: str, tmp_path: Path) -> None:
    recipe = SeriesRecipe(n_slices=4)
    if kind == "axial":
        recipe = replace(recipe, orientation=AXIAL, n_slices=3)
    else:
        tags = {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2", "Modality": "CT"}
        recipe = replace(recipe, tags=tags)
    write_slices(tmp_path / "in", make_series(recipe))
    assert _infer(tmp_path / "in", tmp_path / "out") == 1
    assert [row["status"] for row in _rows(tmp_path / "out")] == ["skipped"]


def test_a_part_without_cases_is_done(archive: Path, tmp_path: Path) -> None:
    parts = [
        _infer(archive, tmp_path / str(index), "--part-id", str(index), "--num-parts", "40")
        for index in range(3)
    ]
    assert parts == [0, 0, 0]


def test_results_inside_the_input_are_not_planned_on(archive: Path, tmp_path: Path) -> None:
    shutil.copytree(archive, tmp_path / "in")
    for _ in range(2):
        assert _infer(tmp_path / "in", tmp_path / "in" / "out", "--overwrite") == 0
        planned = [row for row in _rows(tmp_path / "in" / "out") if row["status"] != "skipped"]
        assert len(planned) == 3


def test_links_to_themselves_and_names_that_are_not_utf_8_stop_nothing(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / os.fsdecode(b"caf\xe9")
    shutil.copytree(archive, root)
    (root / "self").symlink_to("self")
    mapping = tmp_path / "mapping.csv"
    assert _infer(root, root / "out", "--mapping", str(mapping)) == 2  # the link is told
    assert main(["list-series", str(root)]) == 2
    assert b"caf\xe9" in mapping.read_bytes()
    assert "broken_link" in capsys.readouterr().out
