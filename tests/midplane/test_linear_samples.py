"""Fast linear samples against those of scipy."""

import numpy as np
import pytest
from scipy import ndimage

from callosal.pipelines.midplane.linear_samples import (
    fill_block,
    values_and_slopes_at,
    values_at,
)


@pytest.mark.parametrize("shape", [(5, 6, 7), (1, 6, 7), (5, 1, 1)])
def test_values_equal_those_of_scipy(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    image = rng.normal(size=shape).astype(np.float32)
    index = rng.uniform(-1, np.array(shape)[:, None], (3, 500)).astype(np.float32)
    expected = ndimage.map_coordinates(image, index, order=1, mode="nearest")
    np.testing.assert_allclose(values_at(image, index), expected, atol=1e-5)
    np.testing.assert_allclose(values_and_slopes_at(image, index)[0], expected, atol=1e-5)


def test_slopes_are_the_derivatives_of_the_values() -> None:
    rng = np.random.default_rng(1)
    image = rng.normal(size=(5, 6, 7)).astype(np.float32)
    # Away from the voxels' centres, where the slope jumps.
    index = (rng.integers(0, 4, (3, 200)) + rng.uniform(0.1, 0.9, (3, 200))).astype(np.float32)
    slopes = values_and_slopes_at(image, index)[1]
    for axis in range(3):
        step = np.zeros((3, 1), np.float32)
        step[axis] = 0.05
        rise = values_at(image, index + step) - values_at(image, index - step)
        np.testing.assert_allclose(slopes[axis], rise / 0.1, atol=1e-4)


@pytest.mark.parametrize("outside", [0.0, float("nan")])
def test_block_equals_that_of_scipy(outside: float) -> None:
    rng = np.random.default_rng(2)
    image = rng.normal(size=(20, 18, 16)).astype(np.float32)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0] * 0.7
    samples = np.empty((23, 30, 31), np.float32)  # more than are sampled together
    start = np.array([9.0, 9.0, 8.0]) - turn @ np.array([11.0, 15.0, 15.0])
    expected = ndimage.affine_transform(
        image, turn, start, samples.shape, order=1, cval=outside, output=np.float32
    )
    fill_block(samples, image, turn, start, outside)
    np.testing.assert_allclose(samples, expected, atol=1e-5)
