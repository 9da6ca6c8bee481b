"""Cubic splines by matrices against those of scipy."""

from typing import Literal

import numpy as np
import pytest
from scipy import ndimage

from callosal.pipelines.midplane.cubic_samples import samples_along, spline_coefficients


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(40, 70, 101), (2, 33, 3), (64, 65), (5, 2)])
def test_coefficients_equal_those_of_scipy(
    shape: tuple[int, ...], order: Literal["C", "F"]
) -> None:
    values = np.random.default_rng(0).normal(500, 200, shape).astype(np.float32, order=order)
    expected = ndimage.spline_filter(values.astype(float), mode="mirror")
    np.testing.assert_allclose(spline_coefficients(values), expected, atol=0.01)


def test_samples_equal_those_of_scipy() -> None:
    coefficients = np.random.default_rng(1).normal(size=30).astype(np.float32)
    index = np.linspace(8.5, 41.5, 67)  # the grid has 40 voxels, of which 10 to 39 are there
    found = samples_along(index, last=39.0, first=10.0, count=30)
    at = np.clip(index, 0, 39) - 10
    expected = ndimage.map_coordinates(
        coefficients.astype(float), [at], order=3, mode="mirror", prefilter=False
    )
    np.testing.assert_allclose(found.weights @ coefficients, expected, atol=1e-5)
    np.testing.assert_array_equal(found.inside, index <= 39.5)
