"""The plan of a scout: where it lies, what does not change it, and what has none."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from highdicom import Volume

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.models.errors import InputError
from callosal.pipelines.case.process import process_volume
from callosal.pipelines.midplane.localizer_plane import find_localizer_plane
from callosal.pipelines.midplane.localizer_volumes import LocalizerVolumes
from callosal.pipelines.phantom.localizer_series import LocalizerProtocol, acquire_localizer
from callosal.pipelines.phantom.reference_pose import RigidMotion
from callosal.pipelines.settings import Settings
from tests.case.made_scout import ISOCENTER, made_scout, turned_head

MOTIONS = {
    "shifted": RigidMotion.of_angles(0, 0, 0, ISOCENTER, (7, -11, 13)),
    "turned": RigidMotion.of_angles(-6, 4, -3, ISOCENTER, (5, -8, 3)),
}


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return open_segmenter(resolve_model(DEFAULT), "cpu")


def planned(stacks: Sequence[Volume], segmenter: Segmenter) -> dict[str, Any]:
    images = LocalizerVolumes(tuple(stacks))
    return dict(process_volume(images, segmenter, Settings(), {}).document)


@pytest.fixture(scope="module")
def plan(segmenter: Segmenter) -> dict[str, Any]:
    return planned(made_scout(), segmenter)


def axes(plan: dict[str, Any]) -> np.ndarray:
    """Directions of the transverse stack: along rows, down columns, across."""
    rows, columns = np.reshape(plan["planes"]["transverse"]["image_orientation_patient"], (2, 3))
    return np.stack([rows, columns, np.cross(rows, columns)])


def turn_deg(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.degrees(np.arccos(np.clip((np.trace(first @ second.T) - 1) / 2, -1, 1))))


def test_the_plan_of_a_scout_is_whole_and_near_the_truth(plan: dict[str, Any]) -> None:
    pose, frame = turned_head().pose, plan["midsagittal"]
    assert plan["dof_estimated"] == 3
    assert pose.plane_error_deg(frame["normal"]) < 0.6
    angle_deg = plan["final"]["angle_deg"]
    # A drawing, not a scan: 2.2 degrees here, 0.6 on average on scouts of four real heads.
    assert abs(pose.angle_error_deg(angle_deg, frame["row_dir"], frame["col_dir"])) < 2.5
    assert pose.center_error_mm(plan["final"]["center_lps_mm"]) < 1.5


@pytest.mark.parametrize("name", MOTIONS)
def test_the_plane_moves_with_the_headers(name: str) -> None:
    motion = MOTIONS[name].matrix
    before = find_localizer_plane(made_scout())
    after = find_localizer_plane(moved(made_scout(), motion))
    expected = motion[:3, :3] @ before.normal
    # As far as the last step of the search, which stops at 0.02 mm.
    assert np.degrees(np.arccos(min(1.0, expected @ after.normal))) < 0.02
    point = motion[:3, :3] @ before.point_lps_mm + motion[:3, 3]
    assert abs((after.point_lps_mm - point) @ expected) < 0.02


@pytest.mark.parametrize("name", MOTIONS)
def test_the_plan_moves_with_the_headers(
    plan: dict[str, Any], segmenter: Segmenter, name: str
) -> None:
    motion = MOTIONS[name].matrix
    after = planned(moved(made_scout(), motion), segmenter)
    center = motion[:3, :3] @ plan["final"]["center_lps_mm"] + motion[:3, 3]
    # A shift changes nothing; after a turn the network sees the slices on another grid.
    limit_deg, limit_mm = (0.03, 0.001) if name == "shifted" else (0.1, 0.1)
    assert turn_deg(axes(plan) @ motion[:3, :3].T, axes(after)) < limit_deg
    assert np.linalg.norm(after["final"]["center_lps_mm"] - center) < limit_mm


def test_the_order_of_stacks_changes_nothing(plan: dict[str, Any], segmenter: Segmenter) -> None:
    again = planned(made_scout()[::-1], segmenter)
    np.testing.assert_allclose(axes(again), axes(plan), atol=1e-5)
    np.testing.assert_allclose(
        again["final"]["center_lps_mm"], plan["final"]["center_lps_mm"], atol=1e-3
    )


@pytest.mark.parametrize("index", [0, 1, 2], ids=["sagittal", "coronal", "axial"])
def test_one_slice_less_changes_the_plan_by_less_than_its_uncertainty(
    plan: dict[str, Any], segmenter: Segmenter, index: int
) -> None:
    stacks = list(made_scout())
    stacks[index] = stacks[index][1:]
    after = planned(stacks, segmenter)
    stated = plan["uncertainty"]
    assert turn_deg(axes(plan), axes(after)) < np.hypot(stated["plane_deg"], stated["angle_deg"])
    shift_mm = np.subtract(after["final"]["center_lps_mm"], plan["final"]["center_lps_mm"])
    assert np.linalg.norm(shift_mm) < np.hypot(stated["plane_mm"], stated["center_mm"])


def moved(stacks: Sequence[Volume], motion: np.ndarray) -> list[Volume]:
    return [Volume(one.array, motion @ one.affine, "PATIENT") for one in stacks]


@pytest.mark.parametrize("side", [-1, 1])
def test_sagittal_slices_that_miss_the_midline_are_not_ok(segmenter: Segmenter, side: int) -> None:
    """Slices of 8 mm, the nearest 20 mm beside the middle, among good axial and coronal ones."""
    beside = acquire_localizer(
        turned_head().volume,
        LocalizerProtocol((3, 0, 0), 8.0, 12.0),
        np.array([side * 32.0, 0, 0]),
    )
    found = planned([*beside, *made_scout()[1:]], segmenter)
    assert found["status"] != "ok"
    assert found["planes"] is None
    assert found["reasons"]


def body(name: str) -> Volume:
    """A cylinder along the bore, a ball or a bottle with a neck, of voxels of 2 mm."""
    x, y, z = np.indices((120, 120, 120)) * 2.0 - 119
    radius = np.hypot(x, y)
    match name:
        case "cylinder":
            shape = (radius < 80) & (np.abs(z) < 90)
        case "ball":
            shape = np.hypot(radius, z) < 85
        case _:
            neck = (radius < 18) & (z >= 80) & (z < 105)
            shape = (radius < 50) & (np.abs(z) < 80) | neck
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = -119
    tube = 1 - 0.3 * (np.hypot(x - 15, y) < 12)
    return Volume((600 * shape * tube).astype(np.float32), affine, "PATIENT")


@pytest.mark.parametrize("name", ["cylinder", "ball", "bottle"])
def test_a_scout_of_a_phantom_body_is_not_ok(segmenter: Segmenter, name: str) -> None:
    stacks = acquire_localizer(body(name), LocalizerProtocol((3, 3, 3), 8.0, 12.0), ISOCENTER)
    found = planned(stacks, segmenter)
    assert found["status"] != "ok"
    assert found["planes"] is None
    assert found["reasons"]


def test_without_sagittal_slices_there_is_no_view(segmenter: Segmenter) -> None:
    with pytest.raises(InputError, match="sagittal") as refused:
        planned(made_scout()[1:], segmenter)
    assert refused.value.code == "no_sagittal_view"
