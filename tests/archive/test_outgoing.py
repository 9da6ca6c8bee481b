"""Which objects leave: as the review of the case has it."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from callosal.pipelines.archive.outgoing import case_version, read_outgoing
from callosal.pipelines.review.correction import automatic_roi
from callosal.pipelines.review.review_document import Decision, Judgement
from callosal.pipelines.review.review_session import ReviewSession
from tests.review.made_run import case_of, make_run


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("run"))


class Desk:
    """A reviewer, and what leaves of the case that has a plan."""

    def __init__(self, output: Path) -> None:
        self.session = ReviewSession.of(output)
        self.name = case_of(self.session, has_plan=True)
        self.folder = self.session.folder(self.name)

    def decide(self, decision: Decision) -> None:
        before = automatic_roi(self.session.case(self.name).plan, self.session.settings)
        assert before is not None
        roi = before.rotated_about(before.center_mm, 3.0)
        seen = self.session.case_entry(self.name)["revision"]
        self.session.save(self.name, Judgement(decision, "A", "", roi), seen)

    def leaves(self) -> tuple[list[str], str]:
        outgoing = read_outgoing(self.folder)
        assert outgoing is not None
        return [item.name for item in outgoing.objects], outgoing.held


@pytest.fixture
def desk(finished: Path, tmp_path: Path) -> Desk:
    return Desk(Path(shutil.copytree(finished, tmp_path / "out")))


def test_a_case_that_nobody_looked_at_sends_all_objects_and_one_without_none(desk: Desk) -> None:
    assert desk.leaves() == (["seg.dcm", "plan_sr.dcm"], "")
    other = desk.session.folder(case_of(desk.session, has_plan=False))
    outgoing = read_outgoing(other)
    assert outgoing is not None
    assert (outgoing.objects, outgoing.held) == ((), "no_objects")


def test_each_review_changes_what_leaves(desk: Desk) -> None:
    versions = [case_version(desk.folder)]
    desk.decide(Decision.ACCEPTED)
    assert desk.leaves() == (["seg.dcm", "0001.dcm"], "")
    versions.append(case_version(desk.folder))
    desk.decide(Decision.CORRECTED)
    assert desk.leaves() == (["0002.dcm"], "")
    versions.append(case_version(desk.folder))
    desk.decide(Decision.REJECTED)
    assert desk.leaves() == ([], "rejected")
    versions.append(case_version(desk.folder))
    assert len(set(versions)) == 4
    assert None not in versions


def test_a_review_that_cannot_be_trusted_sends_nothing(desk: Desk) -> None:
    desk.decide(Decision.CORRECTED)
    report = desk.folder / "reviews" / "0001.dcm"
    report.rename(desk.folder / "away.dcm")
    assert desk.leaves() == ([], "no_corrected_report")
    plan = json.loads((desk.folder / "plan.json").read_text())
    (desk.folder / "plan.json").write_text(json.dumps(plan))
    assert desk.leaves() == ([], "review_of_earlier_plan")
    (desk.folder / "reviews" / "0001.json").write_text("{}")
    assert desk.leaves() == ([], "bad_review")
    shutil.rmtree(desk.folder / "reviews")
    assert desk.leaves() == ([], "bad_review")
    (desk.folder / "plan.reviewed.json").unlink()
    assert desk.leaves() == (["seg.dcm", "plan_sr.dcm"], "")


def test_the_content_is_that_of_the_files_and_names_their_study(desk: Desk) -> None:
    outgoing = read_outgoing(desk.folder)
    assert outgoing is not None
    for item in outgoing.objects:
        digest = hashlib.sha256((desk.folder / item.name).read_bytes()).hexdigest()
        assert hashlib.sha256(item.content).hexdigest() == digest
    assert len({item.study_uid for item in outgoing.objects}) == 1
    (desk.folder / "done.json").unlink()
    assert read_outgoing(desk.folder) is None
    assert case_version(desk.folder) is None
