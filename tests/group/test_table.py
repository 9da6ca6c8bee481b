"""The tidy table: one row an image, joined with what the dataset says of person and session."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from callosal.models.errors import InputError
from callosal.pipelines.group.reviews import corrected_values
from callosal.pipelines.group.table import choose_column, collect, is_sure, profile_mm
from callosal.pipelines.outputs.measures_table import POINTS
from callosal.pipelines.report.case_review import CaseReview
from tests.group.made_group import LEFT_OUT, PEOPLE, make_group


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return make_group(tmp_path)


def test_a_row_has_keys_traits_quality_measures_and_profile(folders: tuple[Path, Path]) -> None:
    table = collect(*folders)
    assert len(table.rows) == 2 * PEOPLE
    assert table.measures == ("area_mm2", "cc_index")
    assert table.traits == ("age", "sex", "group")
    assert table.columns[:7] == (
        "participant_id", "session_id", "image", "age", "sex", "group", "status",
    )  # fmt: skip
    first = table.rows[0]
    assert (first["participant_id"], first["session_id"]) == ("sub-01", "ses-1")
    assert (first["age"], first["sex"], first["group"]) == (21.0, "F", "b")
    assert first["area_mm2"] == 2000.0
    assert len(profile_mm(first) or []) == POINTS
    assert table.without_results == ("sub-99",)
    assert [row["participant_id"] for row in table.rows if not is_sure(row)] == [LEFT_OUT]


def test_the_table_of_sessions_comes_before_that_of_participants(
    folders: tuple[Path, Path],
) -> None:
    dataset, output = folders
    (dataset / "sub-02" / "sub-02_sessions.tsv").write_text(
        "session_id\tage\tacq_time\nses-2\t23.5\t2020-01-01\nses-1\tn/a\tn/a\n"
    )
    rows = [row for row in collect(dataset, output).rows if row["participant_id"] == "sub-02"]
    assert [row["age"] for row in rows] == [22.0, 23.5]
    assert rows[1]["acq_time"] == "2020-01-01"


def test_who_was_taken_out_of_the_dataset_is_out_of_the_group(folders: tuple[Path, Path]) -> None:
    dataset, output = folders
    (dataset / "sub-03").rename(dataset / "gone")
    table = collect(dataset, output)
    assert table.gone == ("sub-03",)
    assert "sub-03" not in {row["participant_id"] for row in table.rows}


def test_a_column_of_the_name_of_a_measure_keeps_both(folders: tuple[Path, Path]) -> None:
    dataset, output = folders
    (dataset / "participants.tsv").write_text("participant_id\tstatus\nsub-01\tmarried\n")
    table = collect(dataset, output)
    assert (table.rows[0]["status"], table.rows[0]["status_listed"]) == ("ok", "married")


def test_a_rejected_plan_is_not_sure(folders: tuple[Path, Path]) -> None:
    dataset, output = folders
    case = output / "runs" / "sub-02" / "cases" / "sub-02_ses-1_T1w"
    case.mkdir(parents=True)
    (case / "plan.json").write_text("{}")
    review = {
        "case_id": "sub-02_ses-1_T1w", "decision": "rejected", "reviewer": "r", "comment": "",
        "reviewed_at": "2026-01-01T00:00:00Z", "plan": None,
        "plan_sha256": hashlib.sha256(b"{}").hexdigest(),
    }  # fmt: skip
    (case / "plan.reviewed.json").write_text(json.dumps(review))
    row = next(r for r in collect(dataset, output).rows if r["participant_id"] == "sub-02")
    assert (row["review"], is_sure(row)) == ("rejected", False)


def test_a_correction_by_hand_replaces_the_measures() -> None:
    plan = {
        "status": "low_confidence", "confidence": 0.4, "reasons": ["outlined_by_hand"],
        "final": {"angle_deg": -7}, "morphometry": {
            "area_mm2": 555, "cc_index": None, "thickness_profile_mm": [1.5] * POINTS,
        },
    }  # fmt: skip
    review = CaseReview("corrected", "r", "", "2026-01-01", False, {}, plan)
    values = corrected_values(review)
    assert (values["area_mm2"], values["cc_index"]) == (555.0, None)
    assert (values["status"], values["reasons"]) == ("low_confidence", "outlined_by_hand")
    assert profile_mm(values) == [1.5] * POINTS
    assert is_sure({**values, "review": "corrected"})
    assert corrected_values(replace(review, decision="accepted")) == {}


def test_without_participants_tsv_there_are_no_traits(folders: tuple[Path, Path]) -> None:
    dataset, output = folders
    (dataset / "participants.tsv").unlink()
    table = collect(dataset, output)
    assert table.traits == ()
    assert choose_column(table, ("group",)) is None


def test_no_results_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        collect(tmp_path, tmp_path)
    assert raised.value.code == "no_results"
