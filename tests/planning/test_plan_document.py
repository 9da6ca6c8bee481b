import copy
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from callosal.models.errors import InputError
from callosal.pipelines.callosum.finding import Finding, Kind
from callosal.pipelines.geometry.reference_line import LineKind, ReferenceLine
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.morphometry.measures import Morphometry
from callosal.pipelines.planning.findings import Findings, Provenance, Status, Verdict
from callosal.pipelines.planning.head_extent import HeadExtent
from callosal.pipelines.planning.plan import make_plan
from callosal.pipelines.planning.plan_document import plan_document, with_files, with_pose
from callosal.pipelines.planning.plan_validation import validate_plan
from callosal.pipelines.settings import PlanSettings

MIDSAGITTAL = SliceImage(
    np.zeros((240, 256), np.float32),
    (1.0, 0.9),
    np.array([1.0, -7.0, 22.0]),
    np.array([0.0, 1.0, 0.0]),
    np.array([0.0, 0.0, -1.0]),
)
BOX = RotatedBox((4, 12), (70, 25), -5.8123456)
LINE = ReferenceLine(LineKind.SUBCALLOSAL, (25.0, 1.0), (-20.0, 4.0))
PROVENANCE = Provenance(
    source={"kind": "dicom"},
    model={"name": "attention-unet", "sha256": "0" * 64},
    software={"callosal": "0.1.0"},
    config_sha256="a" * 64,
    timings_ms={"total": 12.34567},
)
MEASURED = Morphometry(
    values={"area_mm2": 612.3, "thickness_max_mm": None},
    reasons={"thickness_max_mm": "no_midline"},
    outline_mm=np.zeros((3, 2)),
    midline=None,
    parcellations=(),
)
FINDINGS = Findings(
    midsagittal=MIDSAGITTAL,
    box=BOX,
    line=LINE,
    final=BOX.with_margin(10),
    plan=make_plan(MIDSAGITTAL, BOX, HeadExtent(), PlanSettings()),
    dof_estimated=3,
    morphometry=MEASURED,
)


def document(verdict=Verdict(Status.OK, 0.97), findings=FINDINGS, provenance=PROVENANCE):  # noqa: B008
    return plan_document(verdict, findings, provenance)


def test_a_whole_plan_survives_json():
    plan = document()
    again = json.loads(json.dumps(plan, allow_nan=False))
    assert again == plan
    validate_plan(again)


def test_fields_are_those_of_the_schema_and_carry_the_parts():
    plan = document()
    assert plan["schema"] == "callosal/plan/2"
    assert plan["box"] == {
        "center_mm": [4.0, 12.0],
        "size_mm": [70.0, 25.0],
        "angle_deg": -5.8123,
    }
    assert plan["line"]["kind"] == "subcallosal"
    assert plan["final"]["center_lps_mm"] == [1.0, -11.0, 34.0]
    assert plan["midsagittal"]["shape"] == [240, 256]
    assert plan["planes"]["transverse"]["prescription"] == "T > C 5.8"
    assert plan["timings_ms"] == {"total": 12.3457}
    assert "-0.0," not in json.dumps(plan)


def test_rounded_directions_still_give_the_angle():
    orientation = np.array(document()["planes"]["transverse"]["image_orientation_patient"])
    assert math.degrees(math.asin(orientation[5])) == pytest.approx(5.8123456, abs=1e-4)
    np.testing.assert_allclose(np.linalg.norm(orientation.reshape(2, 3), axis=1), 1, atol=1e-6)


def test_what_the_files_add_is_added_to_a_copy():
    plan = document(provenance=replace(PROVENANCE, source={"kind": "dicom", "notes": ["one"]}))
    before = copy.deepcopy(plan)
    whole = with_files(plan, ("no DICOM objects: bad_uid",), 1.23456)
    validate_plan(whole)
    assert plan == before
    assert whole["source"]["notes"] == ["one", "no DICOM objects: bad_uid"]
    assert whole["timings_ms"] == {"total": 12.3457, "files": 1.2346}
    assert with_files(document(), (), 0.0)["source"]["notes"] == []


@pytest.mark.parametrize("status", [Status.NO_CALLOSUM, Status.FAILED])
def test_a_case_without_a_callosum_is_all_null(status):
    plan = document(Verdict(status, None, ("empty_mask",)), Findings(), Provenance({}))
    for name in ("box", "line", "final", "planes", "morphometry", "midsagittal", "model"):
        assert plan[name] is None
    assert plan["confidence"] is None
    assert plan["reasons"] == ["empty_mask"]


def test_a_slice_may_be_told_where_no_callosum_was_found():
    verdict = Verdict(Status.NO_CALLOSUM, 0.02, ("empty_mask",))
    plan = document(verdict, Findings(midsagittal=MIDSAGITTAL))
    assert plan["midsagittal"]["spacing_mm"] == [1.0, 0.9]


@pytest.mark.parametrize(
    ("verdict", "findings", "place"),
    [
        (Verdict(Status.OK, 0.9), Findings(midsagittal=MIDSAGITTAL), "$.box"),
        (Verdict(Status.OK, None), FINDINGS, "$.confidence"),
        (Verdict(Status.FAILED, 0.1, ("bad",)), FINDINGS, "$.box"),
        (Verdict(Status.NO_CALLOSUM, 0.1), Findings(), "$.reasons"),
        (Verdict(Status.LOW_CONFIDENCE, 1.2, ("blur",)), FINDINGS, "$.confidence"),
        (Verdict(Status.LOW_CONFIDENCE, 0.2, ("Not A Code",)), FINDINGS, "$.reasons[0]"),
        (
            Verdict(Status.OK, 0.9),
            Findings(
                **{
                    **vars(FINDINGS),
                    "morphometry": replace(MEASURED, values={"area_mm2": math.nan}),
                }
            ),
            "$.morphometry.area_mm2",
        ),
    ],
)
def test_parts_that_contradict_each_other_make_no_plan(verdict, findings, place):
    with pytest.raises(InputError) as caught:
        document(verdict, findings)
    assert caught.value.code == "invalid_plan"
    assert place in str(caught.value)
    assert "\n" not in str(caught.value)


def change(path, value):
    plan = copy.deepcopy(document())
    *parents, last = path
    target = plan
    for key in parents:
        target = target[key]
    target[last] = value
    return plan


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("status",), "fine"),
        (("patient_name",), "x"),
        (("box", "angle_deg"), 91),
        (("box", "angle_deg"), -90),
        (("box", "size_mm"), [70, 0]),
        (("final", "center_lps_mm"), [1, 2]),
        (("planes", "transverse", "n_slices"), 0),
        (("planes", "transverse", "n_slices"), 2.5),
        (("planes", "sagittal", "prescription"), "sagittal"),
        (("planes", "coronal", "center_lps_mm"), [0, 0, math.inf]),
        (("line", "kind"), "acpc"),
        (("midsagittal", "normal"), [0, 0, 2]),
        (("config_sha256",), "abc"),
        (("finding", "kind"), "broken"),
        (("finding", "missing"), ["genu"]),
        (("dof_estimated",), None),
        (("dof_estimated",), 1),
        (("planes", "coronal", "assumed"), ["roll"]),
    ],
)
def test_the_schema_refuses_what_is_wrong_and_names_the_place(path, value):
    with pytest.raises(InputError) as caught:
        validate_plan(change(path, value))
    assert str(path[-1]) in str(caught.value)


def test_a_plan_that_assumes_tilt_and_turn_says_so_and_is_never_ok():
    slices = replace(FINDINGS, dof_estimated=1)
    reasons = ("tilt_and_turn_assumed",)
    plan = document(Verdict(Status.LOW_CONFIDENCE, 0.45, reasons), slices)
    assert all(stack["assumed"] == ["tilt", "turn"] for stack in plan["planes"].values())
    assert all(stack["assumed"] == [] for stack in document()["planes"].values())
    for verdict in (Verdict(Status.OK, 0.9, reasons), Verdict(Status.LOW_CONFIDENCE, 0.4, ("a",))):
        with pytest.raises(InputError, match="plan: "):
            document(verdict, slices)


def test_a_partial_callosum_is_told_and_never_ok():
    lacking = replace(FINDINGS, finding=Finding(Kind.PARTIAL, 0.91234567, ("rostrum", "genu")))
    doubt = Verdict(Status.LOW_CONFIDENCE, 0.45, ("partial_callosum",))
    told = {"kind": "partial", "probability": 0.9123, "missing": ["rostrum", "genu"]}
    assert document(doubt, lacking)["finding"] == told
    assert document()["finding"] == {"kind": "unknown", "probability": None, "missing": []}
    with pytest.raises(InputError, match="status"):
        document(Verdict(Status.OK, 0.9, ("partial_callosum",)), lacking)
    # Without a rostrum the angle is still that of genu and splenium.
    document(
        Verdict(Status.OK, 0.9), replace(FINDINGS, finding=Finding(Kind.PARTIAL, 0.9, ("rostrum",)))
    )


@pytest.mark.parametrize(("dof", "reasons"), [(0, ["tilt_and_turn_assumed", "bad"]), (2, ["bad"])])
def test_a_pose_by_hand_measures_neither_tilt_nor_turn(dof, reasons):
    none = document(
        Verdict(Status.NO_CALLOSUM, 0.0, ("bad",)),
        Findings(midsagittal=MIDSAGITTAL, dof_estimated=dof),
    )
    plan = with_pose(none, MIDSAGITTAL, BOX, FINDINGS.plan)
    assert plan["reasons"] == reasons
    validate_plan({**plan, "status": "low_confidence"})


BARS = {"angle95_deg": 1.2, "centre95_mm": 2.1, "plane95_deg": None}


def test_error_bars_go_with_the_pose_that_a_person_sets():
    uncertainty = {
        "plane_deg": 0.3, "plane_mm": 0.2, "angle_deg": 0.9, "center_mm": 0.8, **BARS,
        "reasons": {"plane95_deg": "tilt_and_turn_assumed"},
    }  # fmt: skip
    plan = document(findings=replace(FINDINGS, uncertainty=uncertainty))
    assert plan["uncertainty"] == uncertainty
    by_hand = with_pose(plan, MIDSAGITTAL, BOX, FINDINGS.plan)
    validate_plan(by_hand)
    assert by_hand["uncertainty"]["plane_deg"] == 0.3
    assert {name: by_hand["uncertainty"][name] for name in BARS} == dict.fromkeys(BARS)
    assert by_hand["uncertainty"]["reasons"] == dict.fromkeys(BARS, "corrected_by_hand")


def test_a_plan_from_before_the_error_bars_is_still_a_plan():
    old = {"plane_deg": 0.3, "plane_mm": 0.2, "angle_deg": 0.9, "center_mm": 0.8}
    plan = {**document(), "uncertainty": old}
    validate_plan(plan)
    assert with_pose(plan, MIDSAGITTAL, BOX, FINDINGS.plan)["uncertainty"] == old


@pytest.mark.parametrize("name", list(document()))
def test_every_field_is_required(name):
    plan = document()
    del plan[name]
    with pytest.raises(InputError, match=name):
        validate_plan(plan)


def test_the_schema_itself_is_a_valid_schema():
    from importlib.resources import files

    text = files("callosal.configs").joinpath("plan.schema.json").read_text(encoding="utf-8")
    Draft202012Validator.check_schema(json.loads(text))
