import numpy as np
import pytest
from scipy import ndimage

from callosal.pipelines.datasets.slice_bank import LabelledSlice
from callosal.pipelines.evaluation.robustness import DEGRADATIONS, averaged
from callosal.pipelines.phantom import phantom_slice


@pytest.fixture(scope="module")
def labelled() -> LabelledSlice:
    image, mask = phantom_slice(2, (384, 384), 0.5)
    return LabelledSlice("p", "s", image, mask, (0.5, 0.5))


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_the_mask_is_whole_and_the_seed_decides(name: str, labelled: LabelledSlice) -> None:
    worse, again = DEGRADATIONS[name](labelled, 3), DEGRADATIONS[name](labelled, 3)
    if not name.startswith("wide ventricle"):
        assert worse.mask.sum() == labelled.mask.sum()
    assert worse.image.shape == worse.mask.shape
    assert np.isfinite(worse.image).all()
    np.testing.assert_array_equal(worse.image, again.image)
    if name != "as is":
        assert worse.image.shape != labelled.image.shape or not np.allclose(
            worse.image, labelled.image, rtol=1e-3
        )


def test_thick_slices_blur_one_axis_only(labelled: LabelledSlice) -> None:
    worse = DEGRADATIONS["slices 5 mm thick along S-I"](labelled, 0)
    along, across = (np.abs(np.diff(worse.image, axis=axis)).mean() for axis in (0, 1))
    before = np.abs(np.diff(labelled.image.astype(float), axis=0)).mean()
    assert along < 0.5 * before
    assert across > along


def test_inverted_tissue_is_dark_where_it_was_bright(labelled: LabelledSlice) -> None:
    worse = DEGRADATIONS["contrast inverted (T2-like)"](labelled, 0)
    inside = labelled.mask > 0
    assert worse.image[inside].mean() < 0.5 * labelled.image[inside].mean()


def test_a_wide_ventricle_leaves_a_thin_callosum_in_one_piece(labelled: LabelledSlice) -> None:
    thin = DEGRADATIONS["wide ventricle, thin callosum"](labelled, 0)
    pale = DEGRADATIONS["wide ventricle, thin and pale callosum"](labelled, 0)
    assert 0.6 < thin.mask.sum() / labelled.mask.sum() < 0.85
    pieces = np.bincount(ndimage.label(thin.mask)[0].ravel())[1:]
    assert pieces.max() > 0.98 * pieces.sum()
    top, top_before = (np.argmax(one.mask.any(axis=1)) for one in (thin, labelled))
    assert abs(top - top_before) <= 2
    # What left the mask has become dark, what stayed in it is as bright as before.
    left = (labelled.mask > 0) & ~ndimage.binary_dilation(thin.mask, iterations=2)
    inside = ndimage.binary_erosion(thin.mask, iterations=2)
    assert thin.image[left].mean() < 0.6 * labelled.image[left].mean()
    assert thin.image[inside].mean() == pytest.approx(labelled.image[inside].mean(), rel=0.1)
    assert pale.image[inside].mean() == pytest.approx(0.7 * thin.image[inside].mean(), rel=0.02)


def test_means_over_cells_keep_the_total() -> None:
    pixels = np.random.default_rng(0).random((40, 12))
    assert averaged(pixels, 4, axis=0).mean() == pytest.approx(pixels.mean(), rel=0.02)
    np.testing.assert_array_equal(averaged(pixels, 1, axis=0), pixels)
