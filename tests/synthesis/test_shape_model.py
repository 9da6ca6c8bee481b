import numpy as np
import pytest
from scipy import ndimage

from callosal.models.errors import DataError, ModelFileError
from callosal.models.generation.spec import GeneratorSpec
from callosal.pipelines.datasets.slice_bank import LabelledSlice
from callosal.pipelines.phantom import phantom_slice
from callosal.pipelines.synthesis.drawn_masks import DrawnMasks
from callosal.pipelines.synthesis.shape_model import ShapeModel, fit_shape_model
from tests.synthesis.phantom_generator import CONDITIONS

SPEC = GeneratorSpec(
    "pixel", "rectified_flow", (1.0, 1.0), (176, 176), 4.5, CONDITIONS, {}, None, "phantoms"
)


def phantoms(count):
    slices = []
    for seed in range(count):
        image, mask = phantom_slice(seed, (176, 176), 1.0)
        slices.append(LabelledSlice(f"p{seed}", "phantom", image, mask, (1.0, 1.0)))
    return slices


@pytest.fixture(scope="module")
def slices():
    return phantoms(40)


@pytest.fixture(scope="module")
def model(slices):
    return fit_shape_model(slices)


def tilt_deg(mask):
    rows, columns = np.argwhere(mask).T
    covariance = np.cov(-columns, -rows)
    spread = covariance[0, 0] - covariance[1, 1]
    return np.degrees(0.5 * np.arctan2(2 * covariance[0, 1], spread))


def test_drawn_masks_are_like_those_it_learned_from(slices, model):
    drawn = [DrawnMasks(model, 0, SPEC).channel(number) > 0 for number in range(40)]
    assert all(ndimage.label(mask)[1] == 1 for mask in drawn)
    areas = np.array([mask.sum() for mask in drawn])
    real = np.array([labelled.mask.sum() for labelled in slices])
    assert areas.mean() == pytest.approx(real.mean(), rel=0.1)
    assert areas.std() > 0.4 * real.std()
    tilts = np.array([tilt_deg(mask) for mask in drawn])
    real_tilts = np.array([tilt_deg(labelled.mask) for labelled in slices])
    assert tilts.mean() == pytest.approx(real_tilts.mean(), abs=3)
    assert tilts.std() == pytest.approx(real_tilts.std(), rel=0.4)
    centers = np.array([ndimage.center_of_mass(mask) for mask in drawn])
    real_centers = np.array([ndimage.center_of_mass(labelled.mask) for labelled in slices])
    np.testing.assert_allclose(centers.mean(axis=0), real_centers.mean(axis=0), atol=3)


def test_the_mask_of_a_number_is_fixed(model):
    first, again = (DrawnMasks(model, 3, SPEC).channel(37) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert (DrawnMasks(model, 3, SPEC).channel(38) != first).any()
    assert (DrawnMasks(model, 4, SPEC).channel(37) != first).any()


def test_it_makes_the_round_trip_through_bytes(model):
    content = model.to_bytes()
    assert len(content) < 400_000
    again = ShapeModel.from_bytes(content)
    np.testing.assert_allclose(again.modes, model.modes, atol=1e-5)


@pytest.mark.parametrize("damage", [lambda b: b[:200], lambda b: b"", lambda b: b"no zip"])
def test_damaged_bytes_are_refused(model, damage):
    with pytest.raises(ModelFileError):
        ShapeModel.from_bytes(damage(model.to_bytes()))


def test_too_few_masks_are_refused():
    with pytest.raises(DataError, match="needs 20"):
        fit_shape_model(phantoms(3))
