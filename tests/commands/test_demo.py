import json
import sys
from dataclasses import replace
from types import ModuleType

import numpy as np
import pydicom
import pytest

from callosal.models.errors import InputError
from callosal.pipelines.case.process import failed_document
from callosal.pipelines.commands import demo as module
from callosal.pipelines.commands.demo import (
    LOCALIZER_TOLERANCE,
    SERIES_TOLERANCE,
    compare,
    demo,
    write_scout,
    write_series,
)
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.phantom.demo_head import DemoHead
from callosal.pipelines.phantom.reference_pose import ReferencePose, RigidMotion
from callosal.pipelines.planning.plan_file import Plan
from callosal.pipelines.reading.cases import find_cases


@pytest.fixture
def pose():
    upright = ReferencePose(np.array([0.0, 5, 8]), np.array([0.0, -1, 0]), np.array([-1.0, 0, 0]))
    return upright.moved(RigidMotion.of_angles(10, 5, -3))


def plan_of(pose, angle_error_deg=0.0, shift_mm=(0.0, 0.0, 0.0)):
    turn = RigidMotion.of_angles(10, 5, -3).rotation
    row_dir, col_dir = turn @ [0, 1, 0], turn @ [0, 0, -1]
    return {
        **failed_document({}, "stub"),
        "status": "low_confidence",
        "midsagittal": {
            "origin_lps_mm": [0.0, 0.0, 0.0],
            "spacing_mm": [1.0, 1.0],
            "shape": [2, 2],
            "row_dir": row_dir.tolist(),
            "col_dir": col_dir.tolist(),
            "normal": np.cross(row_dir, col_dir).tolist(),
        },
        "final": {
            "center_mm": [0.0, 0.0],
            "angle_deg": pose.angle_deg(row_dir, col_dir) + angle_error_deg,
            "center_lps_mm": (pose.center_lps_mm + shift_mm).tolist(),
        },
    }


@pytest.fixture
def stub(monkeypatch, pose):
    """Put a plan in the place of the inference; the head is not written either."""

    def install(plan):
        def infer(inputs, output):
            case = output / "cases" / "case-1"
            case.mkdir(parents=True)
            (output / "run.json").write_text("{}")
            if plan is not None:
                (case / "plan.json").write_text(json.dumps(plan))
            return 0

        fake = ModuleType("callosal.pipelines.commands.infer")
        fake.infer = infer
        monkeypatch.setitem(sys.modules, "callosal.pipelines.commands.infer", fake)
        head = DemoHead("stub head", None, pose)
        monkeypatch.setattr(module, "write_series", lambda folder, seed: head)
        monkeypatch.setattr(module, "write_scout", lambda folder, seed: head)

    return install


def test_comparison_tells_the_errors_put_in(pose):
    comparison = compare(pose, Plan.from_document(plan_of(pose, 0.4, (0.0, 1.2, 0.9))))
    assert comparison.true_angle_deg == pytest.approx(0, abs=1e-9)
    assert comparison.angle_error_deg == pytest.approx(0.4)
    assert comparison.center_error_mm == pytest.approx(1.5)
    assert comparison.plane_error_deg == pytest.approx(0, abs=1e-5)
    assert comparison.is_within(SERIES_TOLERANCE)
    assert not comparison.is_within(replace(SERIES_TOLERANCE, angle_deg=0.3))
    assert not comparison.is_within(replace(SERIES_TOLERANCE, center_mm=1.4))


@pytest.mark.parametrize(
    ("angle_error_deg", "shift_mm", "code"),
    [(0.9, (0, 1.9, 0), 0), (-1.1, (0, 0, 0), 2), (0, (2.1, 0, 0), 2)],
)
def test_exit_code_follows_the_tolerance(
    stub, pose, tmp_path, capsys, angle_error_deg, shift_mm, code
):
    stub(plan_of(pose, angle_error_deg, shift_mm))
    assert demo(tmp_path, 0) == code
    printed = capsys.readouterr().out
    assert "overlay.png" in printed
    assert ("NOT within" in printed) == (code == 2)


def test_a_localizer_is_allowed_two_degrees(stub, pose, tmp_path, capsys):
    plan = plan_of(pose, 1.6)
    plan["source"] = {"notes": ["localizer of 5 sagittal, 5 coronal and 5 axial slices: one"]}
    stub(plan)
    assert demo(tmp_path, 0) == 2
    assert demo(tmp_path, 0, localizer=True) == 0
    assert "5 sagittal, 5 coronal and 5 axial slices" in capsys.readouterr().out
    stub(plan_of(pose, 2.1))
    assert demo(tmp_path / "other", 0, localizer=True) == 2


def test_a_plane_that_is_off_is_off(pose):
    plan = plan_of(pose)
    # About the long axis of the patient, by as much as the plane is then off.
    turn = RigidMotion.of_angles(0, 0, 2.5).rotation
    for name in ("row_dir", "col_dir"):
        plan["midsagittal"][name] = (turn @ plan["midsagittal"][name]).tolist()
    comparison = compare(pose, Plan.from_document(plan))
    assert comparison.plane_error_deg > 2
    assert not comparison.is_within(LOCALIZER_TOLERANCE)


@pytest.mark.parametrize(
    "plan", [None, {**failed_document({}, "empty_mask"), "status": "no_callosum"}]
)
def test_no_plan_is_said_with_its_reason(stub, tmp_path, capsys, plan):
    stub(plan)
    assert demo(tmp_path, 0) == 1
    assert ("empty_mask" if plan else "no case") in capsys.readouterr().out


def test_a_second_run_clears_the_first_result(stub, pose, tmp_path):
    stub(plan_of(pose))
    assert demo(tmp_path, 0) == 0
    assert demo(tmp_path, 1) == 0
    assert len(list((tmp_path / "result" / "cases").iterdir())) == 1


def test_series_is_that_of_the_head(monkeypatch, tmp_path):
    small = phantom_head(0, (40, 60, 60), (4.0, 4.0, 4.0))
    monkeypatch.setattr(
        "callosal.pipelines.phantom.demo_head.demo_head",
        lambda seed: DemoHead("small phantom", small.volume, small.pose),
    )
    head = write_series(tmp_path / "series", seed=0)
    files = sorted((tmp_path / "series").iterdir())
    assert len(files) == 176
    middle = pydicom.dcmread(files[88])
    assert middle.SeriesDescription == "T1 small phantom, tilted"
    assert head.pose.plane_error_deg([1, 0, 0]) > 0.5


def test_scout_is_that_of_the_head(monkeypatch, tmp_path):
    small = phantom_head(0, (40, 60, 60), (4.0, 4.0, 4.0))
    monkeypatch.setattr(
        "callosal.pipelines.phantom.demo_head.demo_head",
        lambda seed: DemoHead("small phantom", small.volume, small.pose),
    )
    head = write_scout(tmp_path / "localizer", seed=0)
    (case,) = find_cases([tmp_path]).cases
    assert case.kind == "localizer"
    assert [one["n_slices"] for one in case.source["stacks"]] == [5, 5, 5]
    assert head.pose.plane_error_deg([1, 0, 0]) > 0.5
    assert head.pose.center_error_mm(small.pose.center_lps_mm) > 1


def test_a_reviewed_result_is_kept_unless_it_may_be_overwritten(stub, pose, tmp_path):
    stub(plan_of(pose))
    assert demo(tmp_path, 0) == 0
    (case,) = (tmp_path / "result" / "cases").iterdir()
    (case / "reviews").mkdir()
    (case / "reviews" / "0001.json").write_text("{}")
    with pytest.raises(InputError, match="--overwrite") as caught:
        demo(tmp_path, 1)
    assert caught.value.code == "has_reviews"
    assert (case / "reviews" / "0001.json").is_file()
    assert demo(tmp_path, 1, overwrite=True) == 0
    assert not list(tmp_path.glob("result/cases/*/reviews"))
