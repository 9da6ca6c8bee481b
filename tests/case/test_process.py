"""Volumes and localizers through the whole process, with the shipped model."""

import numpy as np
import pytest
from highdicom import Volume

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.pipelines.case.process import failed_document, process_volume
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.settings import Settings


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return open_segmenter(resolve_model(DEFAULT), "cpu", threads=1)


@pytest.fixture(scope="module")
def head() -> Volume:
    return phantom_head(3, (80, 120, 120), (2.0, 2.0, 2.0)).volume


def _plan(volume: Volume, segmenter: Segmenter) -> dict:
    return process_volume(volume, segmenter, Settings(), {"kind": "test"}).document


def test_a_volume_measures_three_angles_with_their_uncertainty(
    head: Volume, segmenter: Segmenter
) -> None:
    plan = _plan(head, segmenter)
    assert plan["status"] == "ok"
    assert plan["dof_estimated"] == 3
    assert all(stack["assumed"] == [] for stack in plan["planes"].values())
    assert all(value is not None for value in plan["uncertainty"].values())
    assert plan["uncertainty"]["plane_deg"] < 1


def test_a_localizer_of_few_sagittal_slices_measures_one_angle(
    head: Volume, segmenter: Segmenter
) -> None:
    whole = _plan(head, segmenter)
    plan = _plan(head[30:50:6], segmenter)
    # Not `ok`, as well as the callosum is seen: two of three angles were not measured.
    assert plan["status"] == "low_confidence"
    assert plan["reasons"][0] == "tilt_and_turn_assumed"
    assert plan["dof_estimated"] == 1
    assert all(stack["assumed"] == ["tilt", "turn"] for stack in plan["planes"].values())
    assert plan["uncertainty"]["plane_deg"] is None
    assert plan["final"]["angle_deg"] == pytest.approx(whole["final"]["angle_deg"], abs=4)
    # The best of the four slices is the one nearest the midplane.
    assert abs(plan["final"]["center_lps_mm"][0]) < 8


def test_moving_the_patient_by_the_headers_moves_the_plan(
    head: Volume, segmenter: Segmenter
) -> None:
    turn = np.radians(7)
    motion = np.eye(4)
    motion[:3, :3] = [
        [np.cos(turn), -np.sin(turn), 0],
        [np.sin(turn), np.cos(turn), 0],
        [0, 0, 1],
    ]
    motion[:3, 3] = [12, -30, 8]
    moved = Volume(head.array, motion @ head.affine, "PATIENT")
    before, after = _plan(head, segmenter), _plan(moved, segmenter)
    center = motion[:3, :3] @ before["final"]["center_lps_mm"] + motion[:3, 3]
    np.testing.assert_allclose(after["final"]["center_lps_mm"], center, atol=0.01)
    for name in ("transverse", "sagittal", "coronal"):
        directions = np.reshape(before["planes"][name]["image_orientation_patient"], (2, 3))
        expected = directions @ motion[:3, :3].T
        found = np.reshape(after["planes"][name]["image_orientation_patient"], (2, 3))
        np.testing.assert_allclose(found, expected, atol=2e-4)


def test_a_failed_case_says_why_and_nothing_else() -> None:
    document = failed_document({"kind": "dicom"}, "decode_failed")
    assert document["status"] == "failed"
    assert document["reasons"] == ["decode_failed"]
    assert document["planes"] is document["final"] is document["confidence"] is None
