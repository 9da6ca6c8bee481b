import numpy as np
import pytest

from callosal.pipelines.datasets.slice_bank import LabelledSlice
from callosal.pipelines.evaluation.floors import constant_pose_floor, mean_mask, mean_mask_floor
from callosal.pipelines.phantom import phantom_slice


@pytest.fixture(scope="module")
def slices() -> list[LabelledSlice]:
    pairs = [phantom_slice(seed, (256, 256), 1.0) for seed in range(6)]
    return [LabelledSlice(f"p{i}", "s", *pair, (1.0, 1.0)) for i, pair in enumerate(pairs)]


def test_one_subject_is_its_own_mean(slices: list[LabelledSlice]) -> None:
    np.testing.assert_array_equal(mean_mask(slices[:1]), slices[0].mask)
    assert mean_mask_floor(slices[:1], slices[:1])[0].dice == 1


def test_the_mean_mask_is_far_from_perfect_on_others(slices: list[LabelledSlice]) -> None:
    scores = [case.dice for case in mean_mask_floor(slices[:3], slices[3:])]
    assert max(scores) < 0.95


def test_the_constant_pose_errs_by_the_spread_of_the_poses(slices: list[LabelledSlice]) -> None:
    exact = constant_pose_floor(slices[:1], slices[:1])
    assert exact["angle_error_deg"]["mean"] == pytest.approx(0, abs=1e-6)
    assert constant_pose_floor(slices[:3], slices[3:])["center_error_mm"]["mean"] > 0.1
