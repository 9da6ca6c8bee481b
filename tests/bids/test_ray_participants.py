"""Participants on a local Ray cluster: as in one process, and what lost workers cost."""

import io
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

pytest.importorskip("ancpbids", reason="needs the extra `bids`")
pytest.importorskip("ray", reason="needs the extra `ray`")
from callosal.export.runtime import open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.models.errors import EngineError
from callosal.pipelines.batch.jobs import Part
from callosal.pipelines.batch.ray_options import RayOptions
from callosal.pipelines.batch.ray_worker import WorkerPlan
from callosal.pipelines.batch.request import Engine
from callosal.pipelines.bids import ray_participants
from callosal.pipelines.bids.dataset import Selection, find_images
from callosal.pipelines.bids.participant import BidsRequest
from callosal.pipelines.cli import main
from callosal.pipelines.outputs.run_lock import run_lock
from callosal.pipelines.settings import Settings
from tests.batch.ray_cluster import started_cluster

ONE_WORKER = RayOptions(actors=1, cpus=1)
WORDS = ["participant", "--skip-bids-validation", "--device", "cpu", "--engine", "ray",
         "--ray.actors", "1"]  # fmt: skip


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    with started_cluster():
        yield


def _request(dataset: Path, output: Path) -> BidsRequest:
    engine = Engine(DEFAULT, "cpu", 1, 1, ONE_WORKER)
    settings = Settings(parcels="witelson", dicom_objects=())
    return BidsRequest(dataset, output, Selection(), engine, Part(), False, False, settings)


def _names(output: Path) -> set[str]:
    return {str(path.relative_to(output)) for path in output.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_the_derivatives_are_those_of_one_process(
    cluster: None, dataset: Path, derivatives: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    # A worker has another working directory.
    assert main(["bids", str(dataset), "out", *WORDS]) == 2
    output = tmp_path / "out"
    assert _names(output) == _names(derivatives)
    compared = [
        name for name in _names(derivatives) if name.endswith((".nii.gz", ".tsv", "sub-02.json"))
    ]
    assert len(compared) > 10
    for name in compared:
        assert (output / name).read_bytes() == (derivatives / name).read_bytes(), name
    told = capsys.readouterr().err
    assert "sub-01 (1 of 2)\n" in told
    assert "sub-01_ses-2_T1w ok" in told
    assert "2 of 3 images measured" in told


@pytest.mark.slow
def test_a_lost_worker_costs_one_more_try_then_the_participant(
    cluster: None, dataset: Path, derivatives: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    output, tries = tmp_path / "out", tmp_path / "tries"
    shutil.copytree(derivatives, output)
    tries.touch()

    class Dying(ray_participants.ParticipantWorker):
        """Dies of sub-02."""

        def work(self, participant: Any) -> Any:
            name = participant[0]
            tries.write_text(f"{tries.read_text()} {name}")
            if name == "sub-02":
                os._exit(1)
            return super().work(participant)

    monkeypatch.setattr(ray_participants, "ParticipantWorker", Dying)
    assert main(["bids", str(dataset), str(output), *WORDS]) == 2
    assert tries.read_text().split() == ["sub-01", "sub-02", "sub-02"]
    told = capsys.readouterr().err
    assert "sub-02 left out: worker_lost: its worker or its machine was lost" in told
    assert "2 of 3 images measured" in told


@pytest.mark.slow
def test_a_signal_ends_the_handing_out(
    cluster: None, dataset: Path, derivatives: Path, tmp_path: Path
) -> None:
    shutil.copytree(derivatives, tmp_path / "out")
    request = _request(dataset, tmp_path / "out")
    everybody = find_images(dataset, Selection()).by_participant()
    sha256 = open_segmenter(resolve_model(DEFAULT), "cpu", 1).sha256
    console = Console(file=io.StringIO())
    answers = ray_participants.ray_participants(request, ONE_WORKER, everybody, sha256, console)
    assert next(answers) == ("sub-01", 2)
    os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        next(answers)
    assert isinstance(console.file, io.StringIO)
    assert "stopped with 1 of 2 participants to do" in console.file.getvalue()


def test_a_worker_without_the_output_folder_does_not_start(dataset: Path, tmp_path: Path) -> None:
    model = WorkerPlan(DEFAULT, "", "cpu", 1, Settings())
    plan = ray_participants.ParticipantPlan(model, _request(dataset, tmp_path / "elsewhere"))
    with pytest.raises(EngineError, match="all machines must see") as caught:
        ray_participants.ParticipantWorker(plan).open()
    assert caught.value.code == "not_shared"


def test_a_folder_in_use_is_the_answer_of_a_participant(
    dataset: Path, derivatives: Path, tmp_path: Path
) -> None:
    shutil.copytree(derivatives, tmp_path / "out")
    request = _request(dataset, tmp_path / "out")
    sha256 = open_segmenter(resolve_model(DEFAULT), "cpu", 1).sha256
    model = WorkerPlan(DEFAULT, sha256, "cpu", 1, Settings())
    worker = ray_participants.ParticipantWorker(ray_participants.ParticipantPlan(model, request))
    worker.open()
    images = tuple(find_images(dataset, Selection()).by_participant()["sub-02"])
    with run_lock(tmp_path / "out" / "runs" / "sub-02"):
        result = worker.work(("sub-02", images))
    assert getattr(result.answer, "code", None) == "output_in_use"
