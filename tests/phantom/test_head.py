import numpy as np
import pytest

from callosal.pipelines.phantom import phantom_head

SHAPE, SPACING_MM = (80, 120, 120), (2.0, 2.0, 2.0)


@pytest.fixture(scope="module")
def head():
    return phantom_head(1, SHAPE, SPACING_MM)


def test_head_is_symmetric_but_for_noise(head):
    array = head.volume.array
    assert array.shape == SHAPE
    assert np.corrcoef(array.ravel(), array[::-1].ravel())[0, 1] > 0.99
    middle = head.volume.map_indices_to_reference(np.array([[39.5, 0, 0]]))[0]
    assert middle[0] == pytest.approx(0)


def test_equal_seeds_give_equal_heads(head):
    again = phantom_head(1, SHAPE, SPACING_MM)
    assert np.array_equal(again.volume.array, head.volume.array)
    assert np.array_equal(again.pose.center_lps_mm, head.pose.center_lps_mm)


def test_truth_lies_on_the_callosum_of_the_volume(head):
    frame = head.midsagittal
    inside = np.argwhere(frame.pixels > 0)
    values = sample(head.volume, frame.pixels_to_lps(inside))
    around = sample(head.volume, frame.pixels_to_lps(np.argwhere(frame.pixels == 0)))
    assert values.mean() > 1.35 * around.mean()


def test_pose_is_a_plausible_truth(head):
    pose = head.pose
    assert np.linalg.norm(pose.axis) == pytest.approx(1)
    assert pose.axis @ pose.normal == pytest.approx(0)
    assert pose.normal.tolist() == [-1, 0, 0]
    assert np.abs(pose.center_lps_mm).max() < 10
    assert abs(pose.angle_deg([0, 1, 0], [0, 0, -1])) < 15


def test_odd_number_of_slices_has_one_in_the_midline():
    odd = phantom_head(2, (41, 64, 64), (4.0, 4.0, 4.0)).volume
    assert odd.map_indices_to_reference(np.array([[20, 0, 0]]))[0][0] == pytest.approx(0)
    assert odd.array.shape == (41, 64, 64)


def sample(volume, positions_lps_mm):
    indices = np.rint(volume.map_reference_to_indices(positions_lps_mm)).astype(int)
    return volume.array[tuple(indices.T)]
