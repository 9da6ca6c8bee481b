from datetime import UTC, datetime, timedelta, timezone

import pytest

from callosal.models.errors import CallosalError, InputError
from callosal.pipelines.review.correction import FIRST_ROI, automatic_roi
from callosal.pipelines.review.review_document import (
    Decision,
    Judgement,
    review_document,
    roi_of_entry,
    validate_review,
)

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def judged(desk, name, decision, roi=None, reviewer="R. Reader", comment=""):
    judgement = Judgement(decision, reviewer, comment, roi)
    return review_document(desk.case(name), judgement, desk.settings, 1, NOW)


def test_a_correction_tells_what_changed(desk, planned):
    before = automatic_roi(desk.case(planned).plan, desk.settings)
    after = before.rotated_about(before.center_mm, 2.5)
    document = judged(desk, planned, Decision.CORRECTED, after)
    (change,) = document["changes"]
    assert change["what"] == "angle_deg"
    assert change["to"] - change["from"] == pytest.approx(2.5, abs=1e-3)
    assert document["plan"]["final"]["angle_deg"] == change["to"]
    assert document["reviewed_at"] == "2026-03-01T12:30:00Z"


def test_acceptance_keeps_the_plan_as_it_is(desk, planned):
    document = judged(desk, planned, Decision.ACCEPTED, comment="  good  ")
    assert document["plan"] == desk.case(planned).plan.document
    assert document["changes"] == []
    assert document["comment"] == "good"


def test_rejection_leaves_no_plan(desk, planned):
    document = judged(desk, planned, Decision.REJECTED, FIRST_ROI)
    assert document["plan"] is None
    assert document["roi"] is None


def test_time_is_kept_in_utc(desk, planned):
    judgement = Judgement(Decision.ACCEPTED, "A", "", None)
    later = NOW.astimezone(timezone(timedelta(hours=9)))
    document = review_document(desk.case(planned), judgement, desk.settings, 1, later)
    assert document["reviewed_at"] == "2026-03-01T12:30:00Z"


def test_a_plan_that_is_not_there_cannot_be_accepted_but_set_by_hand(desk, unplanned):
    with pytest.raises(InputError) as error:
        judged(desk, unplanned, Decision.ACCEPTED)
    assert error.value.code == "no_plan"
    document = judged(desk, unplanned, Decision.CORRECTED, FIRST_ROI)
    assert {change["from"] for change in document["changes"]} == {None}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"roi": None}, "no_roi"),
        ({"roi": "automatic"}, "no_change"),
        ({"reviewer": "  "}, "invalid_review"),
        ({"reviewer": "x" * 101}, "invalid_review"),
        ({"comment": "x" * 2001}, "invalid_review"),
    ],
)
def test_what_makes_no_review_is_refused(desk, planned, change, code):
    before = automatic_roi(desk.case(planned).plan, desk.settings)
    words = {"roi": before.moved((1, 0)), **change}
    if words["roi"] == "automatic":
        words["roi"] = before
    with pytest.raises(CallosalError) as error:
        judged(desk, planned, Decision.CORRECTED, **words)
    assert error.value.code == code


@pytest.mark.parametrize(
    "field", [{"revision": 0}, {"decision": "maybe"}, {"plan": None}, {"extra": 1}]
)
def test_the_schema_is_kept(desk, planned, field):
    document = judged(desk, planned, Decision.ACCEPTED)
    validate_review(document)
    with pytest.raises(InputError):
        validate_review({**document, **field})


@pytest.mark.parametrize(
    "entry",
    [
        None,
        [],
        {},
        {"center_mm": [0], "size_mm": [2, 1], "angle_deg": 0},
        {"center_mm": [0, 0], "size_mm": [2, "wide"], "angle_deg": 0},
        {"center_mm": [0, float("nan")], "size_mm": [2, 1], "angle_deg": 0},
        {"center_mm": [0, 0], "size_mm": [2, -1], "angle_deg": 0},
    ],
)
def test_a_region_of_a_page_is_checked(entry):
    with pytest.raises(CallosalError):
        roi_of_entry(entry)
