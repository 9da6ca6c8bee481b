"""Two machines of a Ray cluster, simulated on this one; the second is lost midway."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from callosal.export.runtime import open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.models.errors import EngineError
from callosal.pipelines.batch.case_names import case_names
from callosal.pipelines.batch.driver import run_jobs
from callosal.pipelines.batch.jobs import Job, Part, make_jobs
from callosal.pipelines.batch.local_engine import LocalEngine
from callosal.pipelines.batch.ray_options import RayOptions
from callosal.pipelines.case.process_case import process_case
from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.outputs.case_folder import RunFingerprint
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.reading.cases import find_cases
from callosal.pipelines.settings import Settings
from tests.batch.ray_cluster import started_cluster

pytest.importorskip("ray", reason="needs the extra `ray`")
pytestmark = pytest.mark.slow

N_CASES = 6


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> list[Job]:
    archive = tmp_path_factory.mktemp("archive")
    head = phantom_head(1, (44, 64, 64), (3.6, 3.75, 3.75))
    for seed in range(N_CASES):
        write_mr_series(head.volume, archive / str(seed), description="p", seed=seed)
    fingerprint = RunFingerprint("model", "config", "1")
    index = find_cases([archive])
    return make_jobs(index.cases, case_names(index, "salt", "hash"), fingerprint, Part())


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with started_cluster(others=1) as nodes:
        yield nodes


def _engine(options: RayOptions, model: str = DEFAULT) -> Any:
    from callosal.pipelines.batch.ray_engine import RayEngine
    from callosal.pipelines.batch.ray_worker import WorkerPlan

    sha256 = open_segmenter(resolve_model(DEFAULT), "cpu", 1).sha256
    return RayEngine(options, WorkerPlan(model, sha256, "cpu", 1, Settings()))


def _masks(output: Path) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in output.glob("cases/*/mask.nii.gz")}


def test_a_worker_with_another_model_cannot_start(cluster: Any, jobs: list[Job]) -> None:
    from callosal.pipelines.batch.stopping import Stop

    engine = _engine(RayOptions(cpus=0.5), model="bisenetv2")
    with pytest.raises(EngineError, match="another one than here") as caught:
        list(engine.run(jobs[:1], Stop()))
    assert caught.value.code == "worker_cannot_start"


def test_no_room_for_a_worker_is_told(cluster: Any, jobs: list[Job]) -> None:
    from callosal.pipelines.batch.stopping import Stop

    with pytest.raises(EngineError, match="no room") as caught:
        list(_engine(RayOptions(gpus=0.5)).run(jobs, Stop()))
    assert caught.value.code == "no_workers"


def test_each_case_is_there_once_though_a_machine_is_lost(
    cluster: Any, jobs: list[Job], tmp_path: Path
) -> None:
    console = Console(file=io.StringIO())
    rows = []
    for finished in run_jobs(jobs, tmp_path / "ray", _engine(RayOptions()), console):
        rows.append(finished.row)
        if len(rows) == 2:
            (second,) = cluster.worker_nodes
            cluster.remove_node(second, allow_graceful=False)
    assert isinstance(console.file, io.StringIO)
    assert "worker_lost" in console.file.getvalue(), "the machine was lost too late to matter"
    assert sorted(row["case_id"] for row in rows) == sorted(job.name for job in jobs)
    assert {row["status"] for row in rows} == {"ok"}
    segmenter = open_segmenter(resolve_model(DEFAULT), "cpu", 1)
    here = LocalEngine(lambda case, volume: process_case(case, volume, segmenter, Settings()), 1)
    list(run_jobs(jobs[:2], tmp_path / "here", here, console))
    assert _masks(tmp_path / "here").items() <= _masks(tmp_path / "ray").items()
