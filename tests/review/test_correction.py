import numpy as np
import pytest

from callosal.models.errors import GeometryError, InputError
from callosal.pipelines.review.correction import CORRECTED, automatic_roi, corrected_plan
from callosal.pipelines.review.run_settings import RunSettings, read_run_settings


def test_the_same_pose_gives_the_same_stacks(desk, planned):
    case = desk.case(planned)
    plan = corrected_plan(case, automatic_roi(case.plan, desk.settings), desk.settings)
    for name, stack in plan["planes"].items():
        for key, value in stack.items():
            before = case.plan.document["planes"][name][key]
            if key == "prescription":
                assert value == before
            else:
                np.testing.assert_allclose(value, before, atol=2e-3, err_msg=f"{name} {key}")
    np.testing.assert_allclose(
        plan["final"]["center_lps_mm"], case.plan.final.center_lps_mm, atol=1e-3
    )


@pytest.mark.parametrize("turn_deg", [-7.5, 0.1, 20.0])
def test_a_turned_region_turns_the_stacks_in_the_slice(desk, planned, turn_deg):
    case = desk.case(planned)
    before = automatic_roi(case.plan, desk.settings)
    plan = corrected_plan(case, before.rotated_about(before.center_mm, turn_deg), desk.settings)
    place = case.midsagittal
    for name, stack in plan["planes"].items():
        old = np.reshape(case.plan.document["planes"][name]["image_orientation_patient"], (2, 3))
        new = np.reshape(stack["image_orientation_patient"], (2, 3))
        # Directions in the slice turn by the angle; the one across it stays.
        for a, b in zip(old, new, strict=True):
            if abs(a @ place.normal) > 0.99:
                np.testing.assert_allclose(a, b, atol=1e-5)
            else:
                assert np.degrees(np.arccos(np.clip(a @ b, -1, 1))) == pytest.approx(
                    abs(turn_deg), abs=0.01
                )
    assert plan["final"]["angle_deg"] == pytest.approx(case.plan.final.angle_deg + turn_deg)


def test_all_that_was_measured_stays_and_the_hand_is_told(desk, planned):
    case = desk.case(planned)
    plan = corrected_plan(
        case, automatic_roi(case.plan, desk.settings).moved((1, 2)), desk.settings
    )
    changed = {key for key in plan if plan[key] != case.plan.document[key]}
    assert changed == {"final", "planes", "reasons", "uncertainty"}
    assert plan["reasons"] == [*case.plan.reasons, CORRECTED]
    # Of the uncertainty the error bars alone go: they were those of the automatic pose.
    before, after = case.plan.document["uncertainty"], plan["uncertainty"]
    bars = {name for name in after if "95" in name}
    assert {name for name in after if after[name] != before[name]} == bars | {"reasons"}
    assert after["reasons"] == dict.fromkeys(bars, CORRECTED)


def test_a_case_without_callosum_gets_a_plan_by_hand(desk, unplanned):
    case = desk.case(unplanned)
    roi = automatic_roi(desk.case(unplanned).plan, desk.settings)
    assert roi is None
    from callosal.pipelines.review.correction import FIRST_ROI

    plan = corrected_plan(case, FIRST_ROI, desk.settings)
    assert plan["status"] == "low_confidence"
    assert plan["planes"] is not None
    assert plan["midsagittal"] is not None


@pytest.mark.parametrize(
    ("turn_deg", "shift_mm", "code"),
    [(75.0, (0, 0), "angle_out_of_range"), (0.0, (500, 0), "outside_field")],
)
def test_what_makes_no_plan_is_refused(desk, planned, turn_deg, shift_mm, code):
    case = desk.case(planned)
    roi = automatic_roi(case.plan, desk.settings).moved(shift_mm)
    with pytest.raises(GeometryError) as error:
        corrected_plan(case, roi.rotated_about(roi.center_mm, turn_deg), desk.settings)
    assert error.value.code == code


def test_other_settings_are_refused(desk, planned):
    case = desk.case(planned)
    other = RunSettings("0" * 64, desk.settings.line, desk.settings.fusion, desk.settings.plan)
    with pytest.raises(InputError) as error:
        corrected_plan(case, automatic_roi(case.plan, desk.settings), other)
    assert error.value.code == "settings_differ"


def test_settings_come_from_the_run(run):
    settings = read_run_settings(run)
    assert settings.plan.sagittal.thickness_mm == 4.0
    assert settings.fusion.margin_mm == 10.0
    (run / "run.json").write_text("{}")
    with pytest.raises(InputError) as error:
        read_run_settings(run)
    assert error.value.code == "bad_run_record"
