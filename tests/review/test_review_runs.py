"""The runs of all participants of a dataset under one review."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from callosal.export.shipped import DEFAULT
from callosal.models.errors import InputError
from callosal.pipelines.cli import main
from callosal.pipelines.review.messages import PageRequest
from callosal.pipelines.review.review_runs import ReviewRuns
from callosal.pipelines.review.serve import make_server
from tests.review.made_run import case_of


@dataclass(frozen=True)
class Dataset:
    """Output as of `callosal bids`, with two participants of two cases each."""

    folder: Path

    def run(self, participant: str) -> Path:
        return self.folder / "runs" / participant


@pytest.fixture
def dataset(finished_run: Path, tmp_path: Path) -> Dataset:
    found = Dataset(tmp_path / "derivatives")
    for participant in ("sub-01", "sub-02"):
        run = shutil.copytree(finished_run, found.run(participant))
        for case in list((run / "cases").iterdir()):
            _rename(run, case.name, f"{participant}_{case.name}")
    return found


def _rename(run: Path, name: str, new: str) -> None:
    (run / "cases" / name).rename(run / "cases" / new)
    for path in (run / "results.jsonl", run / "cases" / new / "done.json"):
        path.write_text(path.read_text().replace(name, new))


def test_all_participants_are_shown_and_each_keeps_its_decisions(dataset: Dataset) -> None:
    runs = ReviewRuns.of(dataset.folder)
    assert len(runs.names) == 4
    assert [entry["case_id"] for entry in runs.overview()] == list(runs.names)
    name = case_of(runs.sessions[1], has_plan=True)
    with make_server(runs, 0, DEFAULT) as server:
        assert not server.routes.facts["has_report"]
        assert server.routes.answer(PageRequest("GET", ("report.html",), "", b"")).status == 404
        entry = {"decision": "rejected", "reviewer": "r", "comment": "c", "roi": None}
        path = ("cases", name, "review")
        request = PageRequest("POST", path, '"0"', json.dumps(entry).encode())
        assert server.routes.answer(request).status == 200
    runs.wait()
    assert (dataset.run("sub-02") / "results.reviewed.csv").is_file()
    assert not (dataset.run("sub-01") / "results.reviewed.csv").exists()


def test_reports_and_pages_of_all_participants_are_written(
    dataset: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    for participant in ("sub-01", "sub-02"):
        (dataset.run(participant) / "report.html").unlink()
    assert main(["report", str(dataset.folder)]) == 0
    assert main(["review", str(dataset.folder), "--read-only"]) == 0
    assert "pages written" in capsys.readouterr().out
    for participant in ("sub-01", "sub-02"):
        page = (dataset.run(participant) / "report.html").read_text(encoding="utf-8")
        assert f"{participant}_" in page
        assert list(dataset.run(participant).glob("cases/*/review.html"))


def test_what_cannot_be_one_review_is_refused(
    dataset: Dataset, finished_run: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="leave out --mapping") as raised:
        ReviewRuns.of(dataset.folder, tmp_path / "mapping.csv")
    assert raised.value.code == "wrong_usage"
    for participant in ("sub-03", "sub-04"):
        shutil.copytree(finished_run, dataset.run(participant))
    with pytest.raises(InputError) as raised:
        ReviewRuns.of(dataset.folder)
    assert raised.value.code == "same_names"
    with pytest.raises(InputError) as raised:
        ReviewRuns.of(tmp_path / "nothing")
    assert raised.value.code == "no_run"
