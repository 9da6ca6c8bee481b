import numpy as np
import pytest

from callosal.models.errors import DataError
from callosal.pipelines.phantom import phantom_slice
from callosal.pipelines.synthesis.randomised.randomised import randomised_pair
from callosal.pipelines.synthesis.randomised.settings import Randomisation
from callosal.pipelines.synthesis.randomised.tissue_classes import blobs_around, tissue_classes

STILL = Randomisation(
    angle_deg=0, shift_mm=0, log_scale=0, bend_mm=0, natural=1, texture=0, bias=0, noise=0
)


@pytest.fixture(scope="module")
def phantom() -> tuple[np.ndarray, np.ndarray]:
    return phantom_slice(3, (160, 160), 1.25)


def test_the_callosum_is_the_last_region(phantom: tuple[np.ndarray, np.ndarray]) -> None:
    image, mask = phantom
    anatomy = tissue_classes(image, mask, 1.25)
    np.testing.assert_array_equal(anatomy.regions == len(anatomy.levels) - 1, mask > 0)
    # Air is the darkest region, and the levels rise.
    assert anatomy.regions[0, 0] == 0
    assert (np.diff(anatomy.levels[:-1]) > 0).all()


def test_the_same_seed_gives_the_same_pair(phantom: tuple[np.ndarray, np.ndarray]) -> None:
    anatomy = tissue_classes(*phantom, 1.25)
    first = randomised_pair(anatomy, 1.25, np.random.default_rng(5))
    again = randomised_pair(anatomy, 1.25, np.random.default_rng(5))
    other = randomised_pair(anatomy, 1.25, np.random.default_rng(6))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert np.abs(first[0] - other[0]).max() > 0.05
    assert (first[1] != other[1]).any()


def test_without_deformation_the_mask_stays(phantom: tuple[np.ndarray, np.ndarray]) -> None:
    image, mask = phantom
    made, made_mask = randomised_pair(
        tissue_classes(image, mask, 1.25), 1.25, np.random.default_rng(0), STILL
    )
    np.testing.assert_array_equal(made_mask, mask)
    # Natural levels without noise look like the slice they came from.
    assert np.corrcoef(made.ravel(), image.ravel())[0, 1] > 0.9


def test_no_appearance_is_copied(phantom: tuple[np.ndarray, np.ndarray]) -> None:
    image, mask = phantom
    anatomy = tissue_classes(image, mask, 1.25)
    settings = Randomisation(angle_deg=0, shift_mm=0, log_scale=0, bend_mm=0, natural=0)
    tissue = image > np.percentile(image, 60)
    likeness = [
        np.corrcoef(
            randomised_pair(anatomy, 1.25, np.random.default_rng(seed), settings)[0][tissue],
            image[tissue],
        )[0, 1]
        for seed in range(20)
    ]
    assert np.mean(likeness) < 0.5


def test_blobs_surround_a_mask_without_image(phantom: tuple[np.ndarray, np.ndarray]) -> None:
    _, mask = phantom
    rng = np.random.default_rng(1)
    image, made_mask = randomised_pair(blobs_around(mask, 1.25, rng), 1.25, rng)
    assert image.shape == mask.shape
    assert np.isfinite(image).all()
    assert made_mask.any()


def test_bad_anatomy_and_settings_are_refused(phantom: tuple[np.ndarray, np.ndarray]) -> None:
    image, mask = phantom
    with pytest.raises(DataError, match="flat"):
        tissue_classes(np.ones_like(image), mask, 1.25)
    with pytest.raises(DataError, match="mask is empty"):
        tissue_classes(image, np.zeros_like(mask), 1.25)
    with pytest.raises(DataError, match="classes 1"):
        tissue_classes(image, mask, 1.25, classes=1)
    with pytest.raises(DataError, match="natural"):
        Randomisation(natural=1.5)
    with pytest.raises(DataError, match="noise is -1"):
        Randomisation(noise=-1)
