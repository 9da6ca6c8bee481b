import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from callosal.models.errors import InputError
from callosal.pipelines.outputs.file_names import REVIEWED_PLAN
from callosal.pipelines.review.history import (
    ReviewConflictError,
    add_review,
    latest_review,
)
from callosal.pipelines.review.review_document import Decision, Judgement
from tests.review.test_review_document import NOW, judged, review_document


def revision(desk, name, number, comment=""):
    judgement = Judgement(Decision.ACCEPTED, "R. Reader", comment, None)
    return review_document(desk.case(name), judgement, desk.settings, number, NOW)


def test_every_revision_is_kept_and_the_newest_is_current(desk, planned):
    folder = desk.folder(planned)
    assert latest_review(folder) is None
    for number in (1, 2, 3):
        add_review(folder, revision(desk, planned, number, f"look {number}"))
    assert latest_review(folder)["comment"] == "look 3"
    assert json.loads((folder / REVIEWED_PLAN).read_text())["comment"] == "look 3"
    kept = sorted(path.name for path in (folder / "reviews").iterdir())
    assert kept == ["0001.json", "0002.json", "0003.json"]
    assert json.loads((folder / "reviews" / "0001.json").read_text())["comment"] == "look 1"


@pytest.mark.parametrize("number", [1, 3])
def test_a_revision_is_taken_once_and_in_order(desk, planned, number):
    folder = desk.folder(planned)
    add_review(folder, revision(desk, planned, 1))
    with pytest.raises(ReviewConflictError):
        add_review(folder, revision(desk, planned, number, "second"))
    assert latest_review(folder)["comment"] == ""


def test_of_many_at_once_one_wins(desk, planned):
    folder = desk.folder(planned)
    documents = [revision(desk, planned, 1, f"writer {i}") for i in range(8)]

    def add(document):
        try:
            add_review(folder, document)
        except ReviewConflictError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(add, documents)) == 1
    assert latest_review(folder)["revision"] == 1


def test_a_broken_revision_is_told(desk, planned):
    folder = desk.folder(planned)
    add_review(folder, judged(desk, planned, Decision.ACCEPTED))
    (folder / "reviews" / "0001.json").write_text("{")
    with pytest.raises(InputError) as error:
        latest_review(folder)
    assert error.value.code == "bad_review"
