import numpy as np
import pytest
from highdicom import Volume
from scipy.spatial.transform import Rotation

from callosal.models.errors import GeometryError
from callosal.pipelines.planning.head_extent import ADULT_MM, LIMIT_MM, HeadExtent
from tests.planning.head_volumes import (
    CENTER_LPS_MM,
    GANTRY_IN_PATIENT,
    RADII_MM,
    head_extent_mm,
    head_volume,
    moved,
)

AXES = np.eye(3)


@pytest.mark.parametrize("position", GANTRY_IN_PATIENT)
def test_the_reach_of_a_head_is_found_in_every_position(position):
    center = np.array([0.0, 5, 10])
    extent = head_extent_mm(head_volume(position), AXES, center)
    np.testing.assert_allclose(extent.upper_mm, CENTER_LPS_MM + RADII_MM - center, atol=4)
    np.testing.assert_allclose(extent.lower_mm, RADII_MM - CENTER_LPS_MM + center, atol=4)
    assert all(extent.measured)


def test_the_reach_moves_with_the_patient():
    volume, center = head_volume(), np.array([0.0, 5, 10])
    rotation = Rotation.from_euler("xyz", [20, -35, 50], degrees=True).as_matrix()
    shift = np.array([30.0, -200, 7])
    before = head_extent_mm(volume, AXES, center)
    after = head_extent_mm(
        moved(volume, rotation, shift), AXES @ rotation.T, rotation @ center + shift
    )
    np.testing.assert_allclose(after.reach_mm, before.reach_mm, atol=1e-6)
    assert after.measured == before.measured


def test_noise_and_a_ghost_outside_do_not_count():
    volume = head_volume()
    noisy = volume.array + np.abs(np.random.default_rng(0).normal(0, 12, volume.array.shape))
    noisy[2:5, 2:5, 2:5] = 600
    extent = head_extent_mm(volume.with_array(noisy.astype(np.float32)), AXES, CENTER_LPS_MM)
    np.testing.assert_allclose(extent.upper_mm, RADII_MM, atol=4)


def test_where_the_head_leaves_the_volume_an_adult_is_assumed():
    slab = head_volume(field_mm=(40.0, 240.0, 240.0))
    extent = head_extent_mm(slab, AXES, CENTER_LPS_MM)
    assert extent.measured == (True, True, False, True, True, False)
    assert extent.reach_mm[2] == ADULT_MM[2]
    assert extent.reach_mm[5] == ADULT_MM[5]


def test_a_neck_is_cut_at_the_limit():
    volume = head_volume(field_mm=(400.0, 240.0, 240.0))
    array = volume.array.copy()
    rows, columns = np.indices(array.shape[1:])
    neck = np.hypot(rows - 42, columns - 41) < 15
    array[:50, neck] = 500
    extent = head_extent_mm(volume.with_array(array), AXES, CENTER_LPS_MM)
    assert extent.reach_mm[2] == LIMIT_MM[2]
    assert not extent.measured[2]
    assert extent.measured[5]


def test_without_a_volume_the_extent_is_an_adults_and_says_so():
    assert HeadExtent().reach_mm == ADULT_MM
    assert not any(HeadExtent().measured)


def test_an_empty_volume_has_no_head():
    empty = Volume(np.zeros((8, 8, 8), np.float32), np.eye(4), coordinate_system="PATIENT")
    with pytest.raises(GeometryError) as caught:
        head_extent_mm(empty, AXES, np.zeros(3))
    assert caught.value.code == "empty_volume"
