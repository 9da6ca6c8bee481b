"""Stacks along a protocol's line, on a callosum whose slice shows commissures or none."""

from dataclasses import replace

import numpy as np
import pytest
from highdicom import Volume

from callosal.pipelines.callosum.segmentation import Callosum
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.planning.plan_document import with_protocol
from callosal.pipelines.planning.protocol_words import protocol_words
from callosal.pipelines.protocols import protocol_stacks as module
from callosal.pipelines.protocols.brain_lines import AC_PC
from callosal.pipelines.protocols.callosal_frame import CallosalFrame
from callosal.pipelines.protocols.protocol_stacks import protocol_stacks
from callosal.pipelines.settings import PlanSettings, ProtocolSettings, SliceSettings
from tests.planning.test_plan_document import document
from tests.protocols.made_midbrain import slice_with_commissures

TURN = np.linspace(0, np.pi, 60)
ARCH = np.concatenate(
    [np.stack([36 * np.cos(TURN), 25 * np.sin(TURN)], 1),
     np.stack([26 * np.cos(TURN), 16 * np.sin(TURN)], 1)[::-1]]
)  # fmt: skip
BOX = RotatedBox.around(ARCH)
FRAME = CallosalFrame.of(ARCH, BOX)
AC_MM, PC_MM = FRAME.to_slice_mm([(9.0, -12.0), (-17.4, -14.0)])
FINAL = RotatedBox(FRAME.center_mm, (90.0, 45.0), 0.0)
HEAD = Volume(np.pad(np.ones((38, 48, 38), np.uint8), 2), np.diag([4.0, 4.0, 4.0, 1.0])
              + np.array([[0, 0, 0, -84.0], [0, 0, 0, -104.0], [0, 0, 0, -84.0], [0, 0, 0, 0]]),
              "PATIENT")  # fmt: skip


@pytest.fixture(scope="module")
def callosum() -> Callosum:
    place = slice_with_commissures(tuple(AC_MM), tuple(PC_MM), 0.0)
    empty = np.zeros(place.pixels.shape, np.float32)
    return Callosum(place, empty, ARCH, BOX, None, None)  # type: ignore[arg-type]


def planned(callosum: Callosum, is_volume: bool = True, **protocol):
    settings = ProtocolSettings("own", **protocol)
    return protocol_stacks(settings, PlanSettings(), callosum, FINAL, HEAD, is_volume)


def tilt_deg(plan) -> float:
    """Tilt of the transverse slices in the standard midsagittal slice."""
    _, posterior, superior = plan.transverse.col_dir
    return float(np.degrees(np.arctan2(-superior, posterior)))


def test_seen_commissures_set_the_stacks_and_leave_the_plan_sure(callosum) -> None:
    plan, entry = planned(callosum, line="ac_pc", center="ac", angle_offset_deg=5.8)
    angle_deg = float(np.degrees(np.arctan2(*(AC_MM - PC_MM)[::-1])))
    assert entry["line"]["measured"]
    assert entry["center"]["measured"]
    assert entry["line"]["angle_deg"] == pytest.approx(angle_deg, abs=1.5)
    assert entry["commissures"]["reason"] is None
    assert abs(tilt_deg(plan)) == pytest.approx(abs(entry["line"]["angle_deg"] + 5.8), abs=1e-3)
    assert callosum.slice_image.lps_to_mm(plan.center_lps_mm) == pytest.approx(AC_MM, abs=0.8)
    made = with_protocol(document(), plan, entry)
    assert made["status"] == document()["status"] == "ok"
    assert made["planes"]["transverse"]["assumed"] == []
    assert protocol_words(made).startswith("own: AC-PC line")
    assert "measured" in protocol_words(made)


@pytest.mark.parametrize(
    ("case", "reason"),
    [("slices", "not_a_volume"), ("thick", "coarse_voxels"), ("blank", "commissures_not_seen")],
)
def test_unseen_commissures_are_null_with_their_reason(callosum, case, reason) -> None:
    place = callosum.slice_image
    if case == "thick":
        place = replace(place, source_voxel_mm=(5.0, 1.0))
    elif case == "blank":
        place = replace(place, pixels=np.zeros_like(place.pixels))
    plan, entry = planned(
        replace(callosum, slice_image=place), case != "slices", line="ac_pc", center="pc"
    )
    sight = entry["commissures"]
    assert (sight["ac_mm"], sight["pc_mm"], sight["angle_deg"]) == (None, None, None)
    assert sight["reason"] == reason
    assert entry["line"]["angle_deg"] == pytest.approx(FRAME.angle_deg + AC_PC.angle_deg, abs=1e-3)
    assert entry["line"]["spread_deg"] == AC_PC.angle_sd_deg
    made = with_protocol(document(), plan, entry)
    assert made["status"] == "low_confidence"
    assert made["confidence"] <= 0.45
    assert made["reasons"][:2] == ["line_assumed", "center_assumed"]
    assert made["planes"]["coronal"]["assumed"] == ["pitch", "center"]
    assert f"assumed \N{PLUS-MINUS SIGN} {AC_PC.angle_sd_deg}" in protocol_words(made)
    assert reason.replace("_", " ") in protocol_words(made)


def test_commissures_that_lie_askew_to_the_callosum_are_refused(callosum, monkeypatch) -> None:
    found = module.find_commissures(callosum.slice_image, FRAME)
    askew = replace(found, ac_mm=(found.ac_mm[0], found.ac_mm[1] + 8))
    monkeypatch.setattr(module, "find_commissures", lambda *_: askew)
    _, entry = planned(callosum, line="ac_pc")
    assert entry["commissures"]["reason"] == "commissures_not_seen"
    assert entry["commissures"]["likeness"] == pytest.approx(found.likeness, abs=1e-4)


def test_lines_of_the_callosum_need_no_commissures(callosum) -> None:
    for line in ("final", "subcallosal", "endpoints", "principal_axis"):
        plan, entry = planned(callosum, line=line)
        assert entry["commissures"] is None
        assert entry["line"]["measured"]
        assert with_protocol(document(), plan, entry)["status"] == "ok"


@pytest.mark.parametrize("name", ["orbitomeatal", "hippocampal", "brain_stem"])
def test_a_line_that_is_never_seen_is_never_measured(callosum, name) -> None:
    plan, entry = planned(callosum, line=name)
    assert not entry["line"]["measured"]
    assert entry["line"]["basis"] == "ac_pc"
    assert entry["center"]["measured"]
    made = with_protocol(document(), plan, entry)
    assert made["reasons"][0] == "line_assumed"
    assert made["planes"]["sagittal"]["assumed"] == ["pitch"]


def test_a_number_of_slices_and_a_field_of_view_lie_about_the_centre(callosum) -> None:
    slices = SliceSettings(3.0, 0.3, n_slices=11, fov_mm=(180.0, 200.0))
    protocol = ProtocolSettings("own", "brain_stem", 0.0, "brain_stem")
    settings = PlanSettings(coronal=slices)
    plan, entry = protocol_stacks(protocol, settings, callosum, FINAL, HEAD, True)
    assert plan.coronal.n_slices == 11
    assert plan.coronal.fov_mm == (180.0, 200.0)
    assert plan.coronal.center_lps_mm == pytest.approx(plan.center_lps_mm)
    center = callosum.slice_image.lps_to_mm(plan.center_lps_mm)
    assert center == pytest.approx(entry["center"]["center_mm"], abs=1e-3)
    assert plan.transverse.n_slices > 15
