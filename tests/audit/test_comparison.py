"""A stack of known turn, shift and length is told as such."""

from dataclasses import replace

import numpy as np
import pytest
from highdicom import Volume
from scipy.spatial.transform import Rotation

from callosal.pipelines.audit.comparison import Reference, compare, cover
from callosal.pipelines.geometry.slice_image import on_slice
from callosal.pipelines.planning.head_extent import find_head
from callosal.pipelines.planning.plan import SliceStack, plan_axes
from tests.planning.head_volumes import CENTER_LPS_MM, RADII_MM, head_volume

AXES = plan_axes(on_slice(np.zeros((8, 8)), (1.0, 1.0)), 12.0)
"""A plan whose final axis is tilted by 12 degrees."""


def stack(rows: int, columns: int, n_slices: int = 20) -> SliceStack:
    """A stack about the centre of the head; numbers pick the axes of rows and columns."""
    column = -AXES[2] if columns == 2 else AXES[columns]
    return SliceStack(AXES[rows], column, CENTER_LPS_MM, (240.0, 200.0), 5.0, 1.0, n_slices)


@pytest.fixture(scope="module")
def reference() -> Reference:
    stacks = {"transverse": stack(0, 1), "coronal": stack(0, 2), "sagittal": stack(1, 2)}
    return Reference(stacks, AXES, CENTER_LPS_MM, find_head(head_volume()))


def turned(one: SliceStack, turn_deg: tuple[float, ...], shift_mm: tuple[float, ...]) -> SliceStack:
    turn = Rotation.from_rotvec(np.radians(turn_deg) @ AXES)
    return replace(
        one,
        row_dir=turn.apply(one.row_dir),
        col_dir=turn.apply(one.col_dir),
        center_lps_mm=one.center_lps_mm + np.array(shift_mm) @ AXES,
    )


@pytest.mark.parametrize("name", ["transverse", "coronal", "sagittal"])
def test_turn_and_shift_are_told_along_the_axes_of_the_plan(reference, name):
    made = turned(reference.stacks[name], (7.0, -3.0, 4.0), (2.0, -5.0, 8.0))
    found = compare(made, reference)
    assert found.planned == name
    assert found.turn_deg == pytest.approx((7.0, -3.0, 4.0), abs=1e-6)
    assert found.offset_mm == pytest.approx((2.0, -5.0, 8.0), abs=1e-6)
    across = {"sagittal": 0, "coronal": 1, "transverse": 2}[name]
    assert found.across_mm == pytest.approx((2.0, -5.0, 8.0)[across])
    assert 0 < found.angle_deg < np.linalg.norm((7.0, -3.0, 4.0))


def test_a_turn_in_the_plane_alone_is_no_tilt(reference):
    found = compare(turned(reference.stacks["transverse"], (0, 0, 9.0), (0, 0, 0)), reference)
    assert found.angle_deg == pytest.approx(0.0, abs=1e-4)
    assert found.in_plane_deg == pytest.approx(9.0)


def test_images_that_are_flipped_or_turned_by_a_quarter_are_no_error(reference):
    one = turned(reference.stacks["coronal"], (0, 6.0, 0), (0, 0, 0))
    others = [
        replace(one, row_dir=-one.row_dir, col_dir=-one.col_dir),
        replace(one, row_dir=-one.row_dir),  # slices count the other way
        replace(one, row_dir=one.col_dir, col_dir=one.row_dir),
    ]
    for other in others:
        found = compare(other, reference)
        assert found.turn_deg == pytest.approx((0, 6.0, 0), abs=1e-6)
        assert found.in_plane_deg == pytest.approx(compare(one, reference).in_plane_deg, abs=1e-6)


def test_coverage_is_counted_to_the_brain_on_each_side(reference):
    straight = Reference(reference.stacks, np.eye(3), CENTER_LPS_MM, reference.head)
    x, y, z = np.eye(3)
    # 20 slices of 5 + 1 mm are 119 mm long; 12 mm higher than the head's centre.
    one = SliceStack(x, y, CENTER_LPS_MM + 12 * z, (240.0, 200.0), 5.0, 1.0, 20)
    found = cover(one, straight)
    half = {"x": 120.0, "y": 100.0, "z": 59.5}
    expected = {
        "right": half["x"] - RADII_MM[0], "left": half["x"] - RADII_MM[0],
        "anterior": half["y"] - RADII_MM[1], "posterior": half["y"] - RADII_MM[1],
        "superior": half["z"] + 12 - RADII_MM[2], "inferior": half["z"] - 12 - RADII_MM[2],
    }  # fmt: skip
    # The mask of the head is coarse: half a voxel of 4 mm on either side.
    assert found.beyond_mm == pytest.approx(expected, abs=4.0)
    assert found.assumed == ()
    assert found.slices_missing in (7, 8)  # 32.5 mm below and 8.5 mm above, each of whole slices
    assert found.slices_spare == 0


def test_slices_beyond_the_brain_are_to_spare(reference):
    long = replace(reference.stacks["transverse"], n_slices=60)
    found = cover(long, reference)
    assert found.slices_missing == 0
    assert 28 <= found.slices_spare <= 34


def test_a_side_on_which_the_head_leaves_the_volume_is_assumed(reference):
    volume = head_volume()
    cut = Volume(volume.array[10:], volume.affine, "PATIENT")
    lowered = cut.affine.copy()
    lowered[:3, 3] += 10 * volume.affine[:3, 0]
    head = find_head(Volume(volume.array[10:], lowered, "PATIENT"))
    found = cover(reference.stacks["transverse"], replace(reference, head=head))
    assert "inferior" in found.assumed
