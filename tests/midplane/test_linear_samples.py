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


@pytest.mark.parametrize("count", [20, 1])
def test_a_block_is_linear_between_slices_and_takes_the_nearest_pixel_of_them(count: int) -> None:
    rng = np.random.default_rng(2)
    slices = rng.normal(size=(count, 18, 16)).astype(np.float32)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0] * 0.7
    turn[0] *= count > 1  # one slice is sampled along itself
    samples = np.empty((23, 30, 31), np.float32)
    start = np.array([(count - 1) / 2, 9.0, 8.0]) - turn @ np.array([11.0, 15.0, 15.0])
    index = np.tensordot(turn, np.indices(samples.shape), 1) + start[:, None, None, None]
    last = np.array(slices.shape)[:, None, None, None] - 1
    outside = ((index < 0) | (index > last)).any(axis=0)
    index[1:] = np.rint(index[1:])
    expected = ndimage.map_coordinates(slices, index, order=1, mode="nearest")
    expected[outside] = 0
    fill_block(samples, slices, turn, start)
    np.testing.assert_allclose(samples, expected, atol=1e-5)
    assert 0.05 < (samples != 0).mean() < 1
