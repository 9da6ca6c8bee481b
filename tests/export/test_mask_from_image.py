"""Masks estimated again from their image, where the right answer is known: a Gaussian."""

import numpy as np
import pytest

from callosal.export.mask_from_image import mask_from_image
from callosal.export.schedule import levels

SHAPE = (8, 3, 4, 5)
IS_MASK = np.array([False, True, True])
SHARE, SPREAD = 0.8, 0.3


def perfect(objective):
    """A network for mask channels that follow N(SHARE * first channel, SPREAD^2)."""

    def denoise(sample, time):
        # The image is clean, the mask halfway to noise.
        np.testing.assert_array_equal(time, np.tile([0.0, 0.5], (len(sample), 1)))
        signal, sigma = levels(objective, np.array(0.5))
        expected = SHARE * sample[:, :1]
        gain = signal * SPREAD**2 / (signal**2 * SPREAD**2 + sigma**2)
        clean = expected + gain * (sample - signal * expected)
        eps = (sample - signal * clean) / sigma
        velocity = eps - clean if objective == "rectified_flow" else signal * eps - sigma * clean
        velocity[:, 0] = np.nan  # what is said of the image is not to be used
        return velocity.astype(np.float32)

    return denoise


@pytest.fixture
def drawn():
    """Pairs whose masks err, and noise."""
    pairs, noise = np.random.default_rng(0).standard_normal((2, *SHAPE), dtype=np.float32)
    return pairs, noise


@pytest.mark.parametrize("objective", ["rectified_flow", "vp"])
def test_the_mask_is_drawn_to_what_the_image_says(objective, drawn) -> None:
    pairs, noise = drawn
    found = mask_from_image(perfect(objective), pairs, noise, objective, IS_MASK)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[:, 0], pairs[:, 0])
    # Of the mask's own error so much is kept, whatever the noise was: its two signs cancel.
    signal, sigma = levels(objective, np.array(0.5))
    kept = SPREAD**2 / (SPREAD**2 + (sigma / signal) ** 2)
    said = SHARE * pairs[:, :1]
    expected = said + kept * (pairs[:, 1:] - said)
    np.testing.assert_allclose(found[:, 1:], expected, atol=1e-6)


def test_given_arrays_stay_as_they_are(drawn) -> None:
    before = [part.copy() for part in drawn]
    mask_from_image(perfect("vp"), *drawn, "vp", IS_MASK)
    for part, was in zip(drawn, before, strict=True):
        np.testing.assert_array_equal(part, was)
