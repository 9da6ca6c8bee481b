import numpy as np

from callosal.pipelines.synthesis.quality.radiomics import FEATURES, radiomic_features
from callosal.pipelines.synthesis.quality.random_convolutions import random_features
from callosal.pipelines.synthesis.quality.window import Windows, cut, field_of
from tests.synthesis.quality.phantoms import phantom_set

SET = phantom_set(0, 4)
WINDOWS = cut(SET, field_of(SET))


def _column(features: np.ndarray, name: str) -> np.ndarray:
    return features[:, FEATURES.index(name)]


def test_every_feature_is_finite_and_named() -> None:
    features = radiomic_features(WINDOWS)
    assert features.shape == (4, len(FEATURES))
    assert len(set(FEATURES)) == len(FEATURES)
    assert np.isfinite(features).all()


def test_a_flat_window_has_features_too() -> None:
    mask = np.zeros((1, 48, 48), np.uint8)
    mask[0, 20:26, 10:38] = 1
    features = radiomic_features(Windows(np.full((1, 48, 48), 0.5, np.float32), mask, 1.5))
    assert np.isfinite(features).all()
    assert _column(features, "glcm_1.5_contrast")[0] == 0
    assert _column(features, "glcm_1.5_homogeneity")[0] == 1


def test_features_notice_noise_and_blur() -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(WINDOWS.images.shape)
    noisy = Windows((WINDOWS.images + noise).astype("f4"), WINDOWS.masks, WINDOWS.spacing_mm)
    before, after = radiomic_features(WINDOWS), radiomic_features(noisy)
    for name in ("glcm_1.5_contrast", "callosum_deviation"):
        assert (_column(after, name) > _column(before, name)).all()
    assert (_column(after, "glcm_1.5_homogeneity") < _column(before, "glcm_1.5_homogeneity")).all()


def test_the_step_of_the_callosum_is_measured() -> None:
    images, masks = np.zeros((1, 40, 40), np.float32), np.zeros((1, 40, 40), np.uint8)
    masks[0, 18:22, 8:32] = 1
    images[masks > 0] = 0.8
    features = radiomic_features(Windows(images, masks, 1.5))
    np.testing.assert_allclose(_column(features, "callosum_step"), 0.8, atol=1e-6)


def test_random_features_are_fixed_and_blind_to_gain() -> None:
    first, again = random_features(WINDOWS), random_features(WINDOWS)
    np.testing.assert_array_equal(first, again)
    brighter = Windows(3 * WINDOWS.images, WINDOWS.masks, WINDOWS.spacing_mm)
    np.testing.assert_allclose(random_features(brighter), first, rtol=1e-4, atol=1e-5)
    assert np.ptp(first, axis=0).max() > 0.01
