import json

import pytest

from callosal.models.errors import InputError
from callosal.pipelines.outputs.file_names import THUMBNAIL
from callosal.pipelines.pictures.thumbnail import thumbnail_bytes
from callosal.pipelines.report.run_folder import read_run
from tests.report.made_run import drawn_overlay, make_run


@pytest.fixture
def folder(tmp_path):
    make_run(tmp_path, 6, n_pictures=1)
    return tmp_path


def rewrite(folder, change):
    table = folder / "results.jsonl"
    rows = [json.loads(line) for line in table.read_text().splitlines()]
    table.write_text("".join(json.dumps(row) + "\n" for row in change(rows)))


def test_rows_timings_and_pictures_come_back(folder):
    run = read_run(folder)
    assert [case.case_id for case in run.cases] == sorted(case.case_id for case in run.cases)
    assert run.record["model"]["name"] == "attention_unet"
    planned = [case for case in run.cases if case.numbers["area_mm2"] is not None]
    assert planned
    for case in planned:
        assert case.picture == (folder / "cases" / case.case_id / THUMBNAIL).read_bytes()
        assert set(case.timings_ms) == {"midsagittal", "segmentation", "plan"}


def test_stacks_of_slices_alone_say_what_was_assumed_in_either_version(folder):
    case = next(case for case in read_run(folder).cases if case.facts.stacks)
    path = folder / "cases" / case.case_id / "plan.json"
    plan = json.loads(path.read_text()) | {"dof_estimated": 1, "reasons": []}
    path.write_text(json.dumps(plan | {"schema": "callosal/plan/1"}))
    first = next(c for c in read_run(folder).cases if c.case_id == case.case_id)
    assert first.facts.stacks["coronal"]["assumed"] == ["tilt", "turn"]
    path.write_text(json.dumps(plan | {"schema": "callosal/plan/2"}))
    second = next(c for c in read_run(folder).cases if c.case_id == case.case_id)
    assert second.facts.stacks["coronal"]["assumed"] == []


def test_of_a_case_told_twice_the_newest_counts(folder):
    rewrite(folder, lambda rows: [rows[0] | {"status": "failed"}, *rows])
    first = read_run(folder).cases[0]
    assert len(read_run(folder).cases) == 6
    assert first.texts["status"] != "failed"


def test_a_run_of_an_older_version_gets_its_picture_from_the_overlay(folder):
    case = next((folder / "cases").glob(f"*/{THUMBNAIL}")).parent
    (case / THUMBNAIL).unlink()
    drawn_overlay(0).save(case / "overlay.png")
    found = {case.case_id: case.picture for case in read_run(folder).cases}
    assert found[case.name] == thumbnail_bytes(drawn_overlay(0))


@pytest.mark.parametrize("name", ["../..", "a/../../secret", "/etc", "..", "", "a\nb"])
def test_a_table_from_elsewhere_cannot_name_a_folder_outside(folder, name):
    (folder.parent / "secret").mkdir(exist_ok=True)
    (folder.parent / "secret" / THUMBNAIL).write_bytes(b"secret")
    rewrite(folder, lambda rows: [rows[0] | {"case_id": name}])
    (case,) = read_run(folder).cases
    assert case.picture is None
    assert case.timings_ms == {}


@pytest.mark.parametrize("value", ["12", True, float("nan"), float("inf"), [1], {}])
def test_what_is_no_number_was_not_measured(folder, value):
    rewrite(folder, lambda rows: [rows[0] | {"area_mm2": value}])
    assert read_run(folder).cases[0].numbers["area_mm2"] is None


def test_a_folder_without_a_run_says_so(tmp_path):
    with pytest.raises(InputError, match=r"holds no results\.jsonl; name the folder") as caught:
        read_run(tmp_path)
    assert caught.value.code == "bad_run_folder"
