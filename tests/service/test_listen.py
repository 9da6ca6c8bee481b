"""The whole way: sent by DICOM, planned on, found in the results."""

import copy
import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("pynetdicom", reason="receiving needs the extra `pacs`")

from pydicom import dcmread

from callosal.pipelines.cli import main
from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.phantom import phantom_head
from tests.archive.stores import Store, are_equal, store
from tests.service.sender import SENDER, connect, send

RUN = "from callosal.pipelines.cli import run; run()"
PATIENT = "Secret^Marker"


class Service:
    """`callosal listen` in a process of its own."""

    def __init__(self, folder: Path, *words: str) -> None:
        command = [sys.executable, "-c", RUN, "listen", "--output", "out", "--allow-ae", SENDER,
                   "--device", "cpu", "--port", "0", "--quiet-seconds", "0.5", *words]  # fmt: skip
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self.process = subprocess.Popen(
            command, cwd=folder, stderr=subprocess.PIPE, text=True, env=environment
        )
        self.told = ""
        self.port = int(self.until(r"listening as CALLOSAL at 127.0.0.1 port (\d+)"))

    def until(self, pattern: str) -> str:
        """Read on until a line; its first group."""
        assert self.process.stderr is not None
        while line := self.process.stderr.readline():
            self.told += line
            if found := re.search(pattern, line):
                return found[1]
        raise AssertionError(self.told)

    def stop(self) -> int:
        assert self.process.stderr is not None
        self.process.send_signal(signal.SIGTERM)
        self.told += self.process.stderr.read()
        return self.process.wait()


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("series")
    head = phantom_head(1, (44, 64, 64), (3.6, 3.75, 3.75))
    write_mr_series(head.volume, folder, description="p", patient_name=PATIENT)
    return folder


@pytest.fixture
def archive() -> Iterator[Store]:
    with store() as made:
        yield made


@pytest.fixture
def service(tmp_path: Path, archive: Store) -> Iterator[Service]:
    words = ["--keep-hours", "0", "--mapping", "who.csv", "--send-to", archive.word]
    made = Service(tmp_path, *words)
    yield made
    made.process.kill()
    made.process.communicate()


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
def test_a_series_that_is_sent_is_planned_as_infer_plans_it_and_its_results_are_sent_on(
    service: Service, archive: Store, series: Path, tmp_path: Path
) -> None:
    # The node of the tests is not that of others.
    assert connect(service.port, calling="STRANGER").is_rejected
    images = [dcmread(path) for path in sorted(series.iterdir())]
    odd = copy.deepcopy(images[0])
    odd.SOPInstanceUID = odd.file_meta.MediaStorageSOPInstanceUID = f"1.2.{PATIENT}"
    assert send(service.port, [odd]) == [0x0117]
    assert set(send(service.port, images)) == {0}
    name = service.until(r"1 done, 0 failed, 0 refused of 1\] (case-\w+) ok")
    plan = json.loads((tmp_path / "out" / "cases" / name / "plan.json").read_text())
    end = time.monotonic() + 120
    while list((tmp_path / "out-spool").rglob("*.dcm")):
        assert time.monotonic() < end, "--keep-hours 0 deletes what is done"
        time.sleep(0.1)
    while len(archive.objects) < 2:
        assert time.monotonic() < end, "results go to the archive by themselves"
        time.sleep(0.1)
    assert service.stop() == 0
    assert "stopped: 1 done, 0 failed or refused;" in service.told
    written = [tmp_path / "out" / "cases" / name / file for file in ("seg.dcm", "plan_sr.dcm")]
    sent = {str(dcmread(path).SOPInstanceUID): path.read_bytes() for path in written}
    assert are_equal(sent, archive)
    assert archive.came == list(sent)
    assert archive.callers == {"CALLOSAL"}
    assert '"sending":["sent",""]' in (tmp_path / "out" / "report.html").read_text()
    assert PATIENT not in service.told
    assert str(tmp_path) not in service.told
    told = [path for path in (tmp_path / "out").rglob("*")
            if path.is_file() and path.name not in ("seg.dcm", "plan_sr.dcm")]  # fmt: skip
    assert not [path.name for path in told if PATIENT.encode() in path.read_bytes()]
    with (tmp_path / "out" / "results.csv").open() as stream:
        assert [row["case_id"] for row in csv.DictReader(stream)] == [name]
    assert str(images[0].SeriesInstanceUID) in (tmp_path / "who.csv").read_text()
    assert main(["infer", str(series), "--output", str(tmp_path / "same"), "--device", "cpu"]) == 0
    (same,) = (tmp_path / "same").glob("cases/*/plan.json")
    assert plan["planes"] == json.loads(same.read_text())["planes"]
    assert main(["listen", "--output", str(tmp_path / "out-spool"), "--allow-ae", "A",
                 "--spool", str(tmp_path / "out-spool" / "in")]) == 1  # fmt: skip


def test_without_pynetdicom_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("listen", "listener"):
        monkeypatch.delitem(sys.modules, f"callosal.pipelines.service.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "pynetdicom", None)
    assert main(["listen", "--output", str(tmp_path / "out"), "--allow-ae", "A"]) == 1
    assert "pip install '.[pacs]'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        words = ["--output", str(tmp_path / "out"), "--allow-ae", "A", "--device", "cpu"]
        assert main(["listen", *words, "--port", str(other.getsockname()[1])]) == 1
    assert "port_taken" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [[], ["--allow-ae"], ["--allow-ae", "A", "--send-to", "B"],
     ["--allow-ae", "A", "--bind", "0.0.0.0"],
     ["--allow-ae", "A", "--limits.object_mb", "0"], ["--allow-ae", "A", "--aet", "x" * 17],
     ["--allow-ae", "A", "--keep-hours", "-1"], ["--allow-ae", "A", "--port", "70000"],
     ["--allow-ae", "A", "--metrics-port", "70000"]],
)  # fmt: skip
def test_what_would_let_in_too_many_or_nobody_is_wrong_usage(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["listen", "--output", str(tmp_path / "out"), *words]) == 3
    assert 1 <= len(capsys.readouterr().err.strip().splitlines()) <= 3
    assert list(tmp_path.iterdir()) == []
