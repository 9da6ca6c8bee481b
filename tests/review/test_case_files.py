import json

import numpy as np
import pytest

from callosal.models.errors import InputError
from callosal.pipelines.geometry import polygon
from callosal.pipelines.review.case_entry import _said_first
from callosal.pipelines.review.case_files import case_names, plan_summary, read_case


def test_a_case_is_read_back_in_its_place(run, planned):
    case = read_case(run, planned)
    told = case.plan.document["midsagittal"]
    np.testing.assert_allclose(case.midsagittal.origin_lps_mm, told["origin_lps_mm"], atol=1e-3)
    np.testing.assert_allclose(case.midsagittal.row_dir, told["row_dir"], atol=1e-6)
    np.testing.assert_allclose(case.midsagittal.col_dir, told["col_dir"], atol=1e-6)
    assert list(case.midsagittal.pixels.shape) == told["shape"]
    assert case.midsagittal.pixels.max() == 4095


def test_a_plan_of_the_first_version_is_read_as_todays(run, planned):
    path = run / "cases" / planned / "plan.json"
    plan = json.loads(path.read_text())
    for stack in plan["planes"].values():
        del stack["assumed"]
    path.write_text(json.dumps(plan | {"schema": "callosal/plan/1"}))
    assert read_case(run, planned).plan.planes.coronal.assumed == ()
    path.write_text(json.dumps(plan | {"schema": "callosal/plan/1", "dof_estimated": 1}))
    assert plan_summary(path.parent)["status"] == "low_confidence"


def test_reformats_lie_as_the_stacks_do(run, planned):
    case = read_case(run, planned)
    for name, place in case.reformats.items():
        told = np.reshape(case.plan.document["planes"][name]["image_orientation_patient"], (2, 3))
        np.testing.assert_allclose([place.row_dir, place.col_dir], told, atol=1e-6)
        offset = np.array(case.plan.document["final"]["center_lps_mm"]) - place.center_lps_mm
        assert offset @ place.normal == pytest.approx(0, abs=1e-3)


def test_the_outline_is_that_of_the_callosum(run, planned):
    case = read_case(run, planned)
    area = polygon.area_mm2(case.outline_mm)
    assert area == pytest.approx(case.plan.document["morphometry"]["area_mm2"], rel=0.03)


def test_a_case_without_callosum_can_still_be_looked_at(run, unplanned):
    case = read_case(run, unplanned)
    assert case.midsagittal.pixels.max() > 0
    assert set(case.reformats) == {"transverse", "coronal"}


def test_what_is_no_run_is_told(tmp_path):
    with pytest.raises(InputError) as error:
        case_names(tmp_path)
    assert error.value.code == "no_run"


def test_a_case_of_an_older_version_says_what_to_do(run, planned):
    (run / "cases" / planned / "midsagittal.nii.gz").unlink()
    with pytest.raises(InputError, match="--overwrite") as error:
        read_case(run, planned)
    assert error.value.code == "no_views"


def test_a_broken_plan_is_told(run, planned):
    (run / "cases" / planned / "plan.json").write_text("{")
    with pytest.raises(InputError) as error:
        read_case(run, planned)
    assert error.value.code == "bad_plan"


def test_the_page_says_what_a_correction_does_to_the_stacks_of_a_protocol() -> None:
    line = {"kind": "ac_pc", "angle_deg": 5.25, "measured": True}
    entry = {
        "name": "own", "line": line, "angle_offset_deg": 0, "center": {"measured": True},
        "commissures": None,
    }  # fmt: skip
    plan = {"status": "ok", "reasons": [], "source": {}}
    assert _said_first(plan) == ""
    found = _said_first(plan | {"protocol": entry})
    assert "AC-PC line 5.2" in found
    assert "After a correction they follow the callosum" in found
