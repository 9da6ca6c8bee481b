import json
from pathlib import Path

import numpy as np
import pytest

from callosal.models.errors import InputError
from callosal.pipelines.geometry.reference_line import LineKind
from callosal.pipelines.planning.findings import Findings, Status, Verdict
from callosal.pipelines.planning.plan_file import Plan
from tests.planning.test_plan_document import BOX, LINE, MIDSAGITTAL, PROVENANCE, document


def test_a_plan_gives_its_values_by_name() -> None:
    plan = Plan.from_document(document())
    assert (plan.status, plan.confidence, plan.reasons) == (Status.OK, 0.97, ())
    assert plan.final.angle_deg == -5.8123
    assert plan.final.center_lps_mm == (1.0, -11.0, 34.0)
    assert plan.box.size_mm == BOX.size_mm
    assert plan.line.kind is LineKind.SUBCALLOSAL
    assert plan.line.as_line() == LINE
    assert plan.planes.transverse.prescription == "T > C 5.8"
    assert list(plan.planes.by_name()) == ["transverse", "coronal", "sagittal"]
    assert plan.morphometry["area_mm2"] == 612.3
    assert (plan.dof_estimated, plan.config_sha256) == (3, "a" * 64)


def test_the_slice_lies_where_it_was() -> None:
    place = Plan.from_document(document()).midsagittal
    corners = np.array([[0, 0], [239, 255]])
    np.testing.assert_allclose(
        place.pixels_to_lps(corners), MIDSAGITTAL.pixels_to_lps(corners), atol=1e-3
    )


def test_what_was_not_found_is_none() -> None:
    found = document(Verdict(Status.NO_CALLOSUM, 0.1, ("empty_mask",)), Findings(), PROVENANCE)
    plan = Plan.from_document(found)
    assert plan.status is Status.NO_CALLOSUM
    parts = (plan.midsagittal, plan.box, plan.line, plan.final, plan.planes, plan.morphometry)
    assert parts == (None,) * 6


def test_a_file_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "case-1" / "plan.json"
    path.parent.mkdir()
    path.write_text(json.dumps(document(), indent=1) + "\n")
    assert Plan.read(path).to_json() == path.read_text()


def test_a_later_schema_is_read_and_unknown_keys_are_kept() -> None:
    later = {**document(), "schema": "callosal/plan/2", "second_line": {"angle_deg": 3.0}}
    plan = Plan.from_document(later)
    assert plan.final.angle_deg == -5.8123
    assert json.loads(plan.to_json()) == later


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "callosal/plan/9"},
        {"status": "fine"},
        {"final": {"angle_deg": 3.0}},
        {"box": {"center_mm": [0, 0], "size_mm": [0, 0], "angle_deg": 0}},
        {"planes": {"transverse": None}},
        {"midsagittal": {"shape": "large"}},
        {"reasons": None},
    ],
)
def test_another_form_is_refused(change: dict) -> None:
    with pytest.raises(InputError, match="plan") as caught:
        Plan.from_document({**document(), **change})
    assert caught.value.code == "invalid_plan"


def test_a_file_that_is_missing_or_cut_names_its_case(tmp_path: Path) -> None:
    path = tmp_path / "case-1" / "plan.json"
    for content in (None, b"{", b"[1]"):
        if content is not None:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        with pytest.raises(InputError, match=r"case-1: plan\.json cannot be read") as caught:
            Plan.read(path)
        assert caught.value.code == "bad_plan"


def test_a_file_that_breaks_the_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({**document(), "confidence": 7}))
    with pytest.raises(InputError, match="confidence") as caught:
        Plan.read(path)
    assert caught.value.code == "invalid_plan"
