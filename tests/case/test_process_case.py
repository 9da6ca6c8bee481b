"""A case to its files: what is drawn before the verdict, and what the verdict changes of it."""

from pathlib import Path

import pytest
from highdicom import Volume

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.pipelines.case import judgement
from callosal.pipelines.case.case_pictures import draw_review_views
from callosal.pipelines.case.observation import look
from callosal.pipelines.case.process_case import process_case
from callosal.pipelines.pictures.review_views import view_files
from callosal.pipelines.planning.findings import Status, Verdict
from callosal.pipelines.reading.cases import Case, find_cases
from callosal.pipelines.settings import Settings
from tests.hospital.scanned_heads import write_scan

SETTINGS = Settings()
STACKS = ("transverse.nii.gz", "coronal.nii.gz")


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return open_segmenter(resolve_model(DEFAULT), "cpu", threads=1)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder: Path = tmp_path_factory.mktemp("scan")
    write_scan(folder, "sagittal")
    (case,) = find_cases([folder]).cases
    return case


@pytest.fixture(scope="module")
def volume(case: Case) -> Volume:
    return case.load()


def test_the_review_sees_the_stacks_of_the_plan(case, volume, segmenter):
    made = process_case(case, volume, segmenter, SETTINGS)
    observation = look(volume, segmenter, SETTINGS)
    planned = view_files(draw_review_views(volume, observation, observation.pose))
    assert made.document["planes"] is not None
    assert {name: made.files[name] for name in planned} == planned
    assert "overlay.png" in made.files
    assert set(made.document["timings_ms"]) >= {"midsagittal", "neighbours", "files"}


def test_a_pose_that_is_turned_down_leaves_level_stacks(case, volume, segmenter, monkeypatch):
    planned = process_case(case, volume, segmenter, SETTINGS)
    refused = Verdict(Status.LOW_CONFIDENCE, 0.01, ("not_arched",))
    monkeypatch.setattr(judgement, "judge_case", lambda *_: refused)
    made = process_case(case, volume, segmenter, SETTINGS)
    level = view_files(draw_review_views(volume, look(volume, segmenter, SETTINGS), None))
    assert made.document["planes"] is None
    assert {name: made.files[name] for name in level} == level
    assert all(made.files[name] != planned.files[name] for name in STACKS)
