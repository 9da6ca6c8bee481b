"""report.html tells what was decided: through the files that `infer` and `review` write."""

import csv
import json
import re

import pytest
from PIL import Image

from callosal.models.errors import InputError
from callosal.pipelines.cli import main
from callosal.pipelines.outputs.file_names import REVIEWED_OVERLAY, REVIEWED_THUMBNAIL, THUMBNAIL
from callosal.pipelines.report.page import write_report
from callosal.pipelines.report.run_folder import read_run
from callosal.pipelines.review.correction import FIRST_ROI, automatic_roi
from callosal.pipelines.review.review_document import Decision, Judgement


def told(run):
    """Rows of report.html with their details, by case."""
    page = (run / "report.html").read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="cases">(.*?)</script>', page)
    blocks = re.findall(r'<script type="application/json" class="details">(.*?)</script>', page)
    rows = json.loads(found[1])["cases"]
    details = [detail for block in blocks for detail in json.loads(block)]
    return {row["case_id"]: row | detail for row, detail in zip(rows, details, strict=True)}


def table(run):
    with (run / "results.reviewed.csv").open() as stream:
        return {row["case_id"]: row for row in csv.DictReader(stream)}


def correct(desk, name, turn_deg, based_on=0):
    before = automatic_roi(desk.case(name).plan, desk.settings)
    roi = before.rotated_about(before.center_mm, turn_deg)
    return desk.save(name, Judgement(Decision.CORRECTED, "R. Reader", "turned", roi), based_on)


def test_a_correction_is_told_with_who_when_and_what_was_before(run, desk, planned):
    before = told(run)[planned]
    assert before["review"] is None
    saved = correct(desk, planned, 6.0)
    desk.report.wait()
    row, review = told(run)[planned], saved["review"]
    assert row["final_angle_deg"] == review["roi"]["angle_deg"]
    assert str(row["final_angle_deg"]) == table(run)[planned]["final_angle_deg"]
    assert row["transverse"] == table(run)[planned]["transverse"]
    for name, entry in row["stacks"].items():
        assert entry == {key: review["plan"]["planes"][name][key] for key in entry}
    assert row["review"] == {
        "decision": "corrected", "reviewer": "R. Reader", "comment": "turned",
        "reviewed_at": review["reviewed_at"], "is_old": False,
        "automatic_angle_deg": before["final_angle_deg"],
        "automatic_transverse": before["transverse"],
    }  # fmt: skip
    assert {"plan.reviewed.json", "plan_sr.reviewed.dcm", REVIEWED_OVERLAY} <= set(row["files"])
    assert "1 reviewed" in (run / "report.html").read_text(encoding="utf-8")


def test_the_command_picks_reviews_up(run, desk, planned):
    correct(desk, planned, 6.0)
    desk.report.wait()
    kept = (run / "report.html").read_bytes()
    (run / "report.html").unlink()
    assert main(["report", str(run)]) == 0
    assert (run / "report.html").read_bytes() == kept


def test_a_rejected_plan_has_no_angle_but_that_of_before(run, desk, planned):
    before = told(run)[planned]
    desk.save(planned, Judgement(Decision.REJECTED, "A", "moved", None), 0)
    desk.report.wait()
    row = told(run)[planned]
    assert row["final_angle_deg"] is None
    assert row["stacks"] == {}
    assert row["review"]["decision"] == "rejected"
    assert row["review"]["automatic_angle_deg"] == before["final_angle_deg"]
    assert "1 reviewed, 1 of them rejected" in (run / "report.html").read_text(encoding="utf-8")
    assert (row["status"], row["reasons"]) == ("rejected", before["reasons"])


def test_an_accepted_plan_stays_as_it_is_and_is_no_longer_to_look_at(run, desk, unplanned):
    assert "1 to look at" in (run / "report.html").read_text(encoding="utf-8")
    desk.save(unplanned, Judgement(Decision.CORRECTED, "A", "", FIRST_ROI), 0)
    desk.report.wait()
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "1 reviewed" in page
    assert "to look at" not in page.split("<h2")[1]


def test_the_picture_is_that_of_the_correction_and_goes_with_it(run, desk, planned):
    folder = desk.folder(planned)
    correct(desk, planned, 6.0)
    with Image.open(folder / REVIEWED_OVERLAY) as ours, Image.open(folder / "overlay.png") as first:
        assert ours.size == first.size
        assert ours.tobytes() != first.tobytes()
    pictures = {case.case_id: case.picture for case in read_run(run).cases}
    assert pictures[planned] == (folder / REVIEWED_THUMBNAIL).read_bytes()
    desk.save(planned, Judgement(Decision.ACCEPTED, "A", "", None), 1)
    assert not (folder / REVIEWED_OVERLAY).exists()
    pictures = {case.case_id: case.picture for case in read_run(run).cases}
    assert pictures[planned] == (folder / THUMBNAIL).read_bytes()


def test_a_review_of_an_earlier_plan_is_marked(run, desk, planned):
    correct(desk, planned, 6.0)
    plan = desk.folder(planned) / "plan.json"
    plan.write_text(plan.read_text() + "\n")
    write_report(run)
    assert told(run)[planned]["review"]["is_old"]
    assert not next(case for case in read_run(run).cases if case.case_id == planned).is_reviewed


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"decision": "perhaps"}'])
def test_a_file_that_is_no_review_is_told_and_not_passed_over(run, desk, planned, text):
    before = told(run)[planned]
    (desk.folder(planned) / "plan.reviewed.json").write_text(text)
    write_report(run)
    row = told(run)[planned]
    assert row["review"]["decision"] == "unreadable"
    assert row["final_angle_deg"] == before["final_angle_deg"]


def test_a_report_that_cannot_be_made_is_told_to_who_asks_for_it(run, desk, planned):
    (run / "results.jsonl").write_text("{")
    desk.report.renew()
    with pytest.raises(InputError) as caught:
        desk.report.wait()
    assert caught.value.code == "bad_run_folder"
