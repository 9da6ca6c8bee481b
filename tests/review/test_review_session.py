import csv

import pytest

from callosal.models.errors import InputError
from callosal.pipelines.batch.mapping import write_mapping
from callosal.pipelines.outputs.results import read_rows
from callosal.pipelines.review.correction import FIRST_ROI, automatic_roi
from callosal.pipelines.review.history import ReviewConflictError
from callosal.pipelines.review.review_document import Decision, Judgement
from callosal.pipelines.review.review_session import ReviewSession


def table(run, name="results.reviewed.csv"):
    with (run / name).open() as stream:
        return {row["case_id"]: row for row in csv.DictReader(stream)}


def corrected(desk, name, turn_deg):
    before = automatic_roi(desk.case(name).plan, desk.settings)
    roi = before.rotated_about(before.center_mm, turn_deg)
    return Judgement(Decision.CORRECTED, "=R. Reader", "", roi)


def test_a_saved_correction_reaches_the_table_and_leaves_the_originals(run, desk, planned):
    originals = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    del originals[run / "report.html"]  # made again, to tell the decision
    saved = desk.save(planned, corrected(desk, planned, 3.0), based_on=0)
    row, before = table(run)[planned], table(run, "results.csv")[planned]
    assert float(row["final_angle_deg"]) == saved["review"]["roi"]["angle_deg"]
    assert float(row["angle_change_deg"]) == pytest.approx(3.0, abs=1e-3)
    assert row["transverse"] == saved["review"]["plan"]["planes"]["transverse"]["prescription"]
    assert row["reviewer"] == "'=R. Reader"
    assert row["box_angle_deg"] == before["box_angle_deg"]
    assert all(path.read_bytes() == content for path, content in originals.items())


def test_rejected_and_untouched_cases_are_told_apart(run, desk, planned, unplanned):
    desk.save(planned, Judgement(Decision.REJECTED, "A", "moved", None), based_on=0)
    rows = table(run)
    assert rows[planned]["final_angle_deg"] == ""
    assert rows[planned]["decision"] == rows[planned]["status"] == "rejected"
    assert not list(desk.folder(planned).glob("*.dcm"))
    assert rows[unplanned]["decision"] == ""
    for name in (planned, unplanned):
        row = table(run, "results.csv")[name]
        assert (row["status"] == "rejected") == (name == planned)
        assert (row["final_angle_deg"] == "") or name != planned


def test_a_case_that_is_accepted_after_all_has_its_row_and_its_objects_again(run, desk, planned):
    before = table(run, "results.csv"), sorted(p.name for p in desk.folder(planned).glob("*.dcm"))
    desk.save(planned, Judgement(Decision.REJECTED, "A", "", None), based_on=0)
    desk.save(planned, Judgement(Decision.ACCEPTED, "A", "", None), based_on=1)
    names = sorted(p.name for p in desk.folder(planned).glob("*.dcm"))
    assert (table(run, "results.csv"), [n for n in names if "reviewed" not in n]) == before
    assert read_rows(run)[0]["status"] != "rejected"


def test_a_plan_set_by_hand_reaches_the_table(run, desk, unplanned):
    desk.save(unplanned, Judgement(Decision.CORRECTED, "A", "", FIRST_ROI), based_on=0)
    row = table(run)[unplanned]
    assert float(row["final_angle_deg"]) == 0.0
    assert row["angle_change_deg"] == ""


def test_who_saves_on_an_old_revision_is_refused(desk, planned):
    desk.save(planned, corrected(desk, planned, 1.0), based_on=0)
    with pytest.raises(ReviewConflictError):
        desk.save(planned, corrected(desk, planned, 2.0), based_on=0)
    saved = desk.save(planned, corrected(desk, planned, 2.0), based_on=1)
    assert saved["review"]["revision"] == 2


def test_only_cases_of_the_run_can_be_asked_for(desk):
    for name in ("..", "../../etc", "case-000000000000", ""):
        with pytest.raises(InputError) as error:
            desk.folder(name)
        assert error.value.code == "no_such_case"


def test_the_overview_tells_every_case(desk, planned, unplanned):
    entries = {entry["case_id"]: entry for entry in desk.overview()}
    assert set(entries) == {planned, unplanned}
    assert entries[planned]["status"] == "ok"
    assert entries[unplanned]["angle_deg"] is None
    saved = desk.save(planned, corrected(desk, planned, 2.0), based_on=0)
    entries = {entry["case_id"]: entry for entry in desk.overview()}
    assert entries[planned]["decision"] == "corrected"
    assert entries[planned]["angle_deg"] == saved["review"]["roi"]["angle_deg"]


@pytest.mark.parametrize("left", ["cases", "run.json"])
def test_a_run_without_cases_is_told(tmp_path, left):
    # A run that joined or planned nothing has a record, and maybe no folder of cases.
    (tmp_path / "cases").mkdir() if left == "cases" else (tmp_path / left).write_text("{}")
    with pytest.raises(InputError, match="say why") as error:
        ReviewSession.of(tmp_path)
    assert error.value.code == "no_cases"


def test_names_of_other_runs_do_not_reach_the_page(run, planned, tmp_path):
    line = {"kind": "dicom", "series_number": "3"}
    other = {"case_id": "case-0123456789ab", **line, "description": "Qvx"}
    write_mapping(tmp_path / "other.csv", {other["case_id"]: other})
    with pytest.raises(InputError) as error:
        ReviewSession.of(run, tmp_path / "other.csv")
    assert error.value.code == "other_mapping"
    own = {"case_id": planned, **line, "description": "MPRAGE"}
    write_mapping(tmp_path / "both.csv", {planned: own, other["case_id"]: other})
    assert ReviewSession.of(run, tmp_path / "both.csv").called == {planned: "series 3, MPRAGE"}
