"""A region that turns on a joined picture: its stacks and the volume inside it."""

from dataclasses import replace

import numpy as np
import pytest

from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.phantom.spine import Spine
from callosal.pipelines.settings import PlanSettings
from callosal.pipelines.stitching.roi_plan import first_roi, plan_of_roi
from callosal.pipelines.stitching.roi_volume import roi_volume

PLACE = SliceImage(
    np.zeros((300, 160), np.float32), (1.0, 1.0), np.array([2.0, 10, 50]),
    np.array([0.0, 1, 0]), np.array([0.0, 0, -1]),
)  # fmt: skip


def test_an_upright_region_gives_straight_stacks() -> None:
    plan = plan_of_roi(PLACE, RotatedBox((0, 0), (120, 40), 90), 36, PlanSettings())
    assert np.allclose(plan.sagittal.normal, (-1, 0, 0))
    assert plan.transverse.prescription == "T"
    assert plan.coronal.prescription == "C"
    assert plan.sagittal.prescription == "S"
    assert plan.sagittal.fov_mm == (40, 120)
    assert np.allclose(plan.center_lps_mm, (2, 10, 50))
    covered = plan.transverse.n_slices * plan.transverse.slice_distance_mm
    assert 120 <= covered < 120 + 2 * plan.transverse.slice_distance_mm


@pytest.mark.parametrize("angle", [80.0, -75.0, 40.0])
def test_stacks_turn_with_the_region(angle: float) -> None:
    plan = plan_of_roi(PLACE, RotatedBox((5, -20), (120, 40), angle), 36, PlanSettings())
    turn = np.radians(angle if angle > 0 else angle + 180)
    # x grows toward anterior, y toward superior.
    axis = np.array([0, -np.cos(turn), np.sin(turn)])
    assert np.allclose(np.abs(plan.transverse.normal @ axis), 1)
    assert np.allclose(plan.coronal.normal @ axis, 0)
    assert np.allclose(plan.sagittal.normal @ axis, 0)
    assert np.allclose(plan.center_lps_mm, PLACE.mm_to_lps((5, -20)))
    for stack in (plan.transverse, plan.coronal, plan.sagittal):
        assert np.allclose(stack.row_dir @ stack.col_dir, 0)


def test_on_a_coronal_picture_the_coronal_stack_lies_along_it() -> None:
    place = replace(PLACE, row_dir=np.array([1.0, 0, 0]))
    plan = plan_of_roi(place, RotatedBox((0, 0), (120, 40), 90), 36, PlanSettings())
    assert (plan.coronal.prescription, plan.sagittal.prescription) == ("C", "S")
    assert plan.coronal.fov_mm == (40, 120)


def test_a_region_across_the_spine_is_refused() -> None:
    with pytest.raises(GeometryError) as refused:
        plan_of_roi(PLACE, RotatedBox((0, 0), (120, 40), 10), 36, PlanSettings())
    assert refused.value.code == "angle_out_of_range"
    with pytest.raises(GeometryError) as refused:
        plan_of_roi(PLACE, RotatedBox((0, 900), (120, 40), 90), 36, PlanSettings())
    assert refused.value.code == "outside_field"


def test_the_first_region_is_upright_and_inside() -> None:
    roi = first_roi(PLACE)
    assert roi.angle_deg == 90
    assert roi.size_mm[0] < 300


def test_the_volume_inside_a_region_is_upright(spine: Spine) -> None:
    volume = spine.volume
    direction = np.asarray(volume.direction)
    _, rows, columns = volume.spatial_shape
    middle = volume.map_indices_to_reference(np.array([[2, (rows - 1) / 2, (columns - 1) / 2]]))[0]
    place = SliceImage(
        np.asarray(volume.array[2]), (1.0, 1.0), middle, direction[:, 2], direction[:, 1]
    )
    roi = RotatedBox((4.0, 10.0), (100.0, 40.0), 70.0)
    inside = roi_volume(volume, place, roi)
    assert inside.spatial_shape == (5, 100, 40)
    # Each voxel shows what lies at its place.
    for index in ([2, 10, 5], [4, 80, 30], [0, 50, 20]):
        place_lps = inside.map_indices_to_reference(np.array([index]))
        at = volume.map_reference_to_indices(place_lps)[0]
        near = volume.array[round(at[0]), round(at[1]), round(at[2])]
        assert abs(float(inside.array[tuple(index)]) - float(near)) < 200
    long_axis = -np.asarray(inside.direction)[:, 1]
    assert np.allclose(long_axis @ [0, -np.cos(np.radians(70)), np.sin(np.radians(70))], 1)
    assert np.allclose(np.asarray(inside.direction)[:, 0], direction[:, 0])
