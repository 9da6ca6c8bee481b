"""A finished run to review, made once, and copies of it to write into."""

import shutil
from pathlib import Path

import pytest

from callosal.pipelines.review.review_session import ReviewSession
from tests.review.made_run import case_of, make_run


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("reviewed"))


@pytest.fixture
def run(finished_run: Path, tmp_path: Path) -> Path:
    """A run of one's own to write into."""
    return Path(shutil.copytree(finished_run, tmp_path / "out"))


@pytest.fixture
def desk(run: Path) -> ReviewSession:
    return ReviewSession.of(run)


@pytest.fixture
def planned(desk: ReviewSession) -> str:
    """Name of the case with a plan."""
    return case_of(desk, has_plan=True)


@pytest.fixture
def unplanned(desk: ReviewSession) -> str:
    """Name of the case without one."""
    return case_of(desk, has_plan=False)
