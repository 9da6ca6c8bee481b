import numpy as np
import pytest

from callosal.pipelines.datasets.slice_bank import LabelledSlice
from callosal.pipelines.evaluation.measures import final_roi, measure_case
from callosal.pipelines.evaluation.posed import posed
from callosal.pipelines.geometry.plane_angles import axis_difference_deg
from callosal.pipelines.geometry.slice_image import on_slice
from callosal.pipelines.phantom import phantom_slice

SPACING = (1.0, 1.0)


@pytest.fixture(scope="module")
def labelled() -> LabelledSlice:
    image, mask = phantom_slice(4, (256, 256), 1.0)
    return LabelledSlice("phantom", "none", image, mask, SPACING)


def test_the_reference_itself_scores_perfectly(labelled: LabelledSlice) -> None:
    measures = measure_case(
        labelled.mask.astype(float), labelled.mask, on_slice(labelled.image, SPACING), 0.1
    )
    assert measures.dice == measures.iou == 1
    assert measures.angle_error_deg == measures.center_error_mm == measures.hd95_mm == 0


def test_a_shifted_mask_has_the_shift_as_centre_error(labelled: LabelledSlice) -> None:
    moved = np.roll(labelled.mask, (3, 4), axis=(0, 1))
    measures = measure_case(moved, labelled.mask, on_slice(labelled.image, SPACING), 0.0)
    assert measures.center_error_mm == pytest.approx(5, abs=0.01)
    assert measures.angle_error_deg == pytest.approx(0, abs=1e-6)
    assert measures.dice < 0.9


def test_nothing_found_has_no_pose_and_no_dice(labelled: LabelledSlice) -> None:
    empty = np.zeros(labelled.mask.shape)
    measures = measure_case(empty, labelled.mask, on_slice(labelled.image, SPACING), 0.0)
    assert measures.dice == 0
    assert measures.angle_error_deg is None
    assert measures.hd95_mm is None
    assert measures.area_bias_pct == -100


@pytest.mark.parametrize("seed", range(6))
def test_a_random_pose_moves_image_and_reference_together(
    labelled: LabelledSlice, seed: int
) -> None:
    moved = posed(labelled, seed)
    before = final_roi(labelled.mask, on_slice(labelled.image, SPACING)).roi
    after = final_roi(moved.mask, on_slice(moved.image, SPACING)).roi
    zoom = after.size_mm[0] / before.size_mm[0]
    assert 0.6 < zoom < 1.3
    inside, outside = moved.image[moved.mask > 0], moved.image[moved.mask == 0]
    assert np.median(inside) > 1.5 * np.median(outside)


def test_poses_differ_by_seed_and_repeat(labelled: LabelledSlice) -> None:
    first, again, other = (posed(labelled, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.image, again.image)
    assert (first.mask != other.mask).any()


def test_anisotropic_pixels_do_not_shear(labelled: LabelledSlice) -> None:
    """The same head on 1 x 1 and 2 x 1 mm pixels is posed at the same angle."""
    thick = LabelledSlice("p", "s", labelled.image[::2], labelled.mask[::2], (2.0, 1.0))
    for seed in range(3):
        fine, coarse = posed(labelled, seed), posed(thick, seed)
        expected = final_roi(fine.mask, on_slice(fine.image, SPACING)).roi.angle_deg
        found = final_roi(coarse.mask, on_slice(coarse.image, (2.0, 1.0))).roi.angle_deg
        assert abs(axis_difference_deg(found, expected)) < 2.5
