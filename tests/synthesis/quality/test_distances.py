import numpy as np
import pytest

from callosal.pipelines.synthesis.quality.distances import (
    Scale,
    density_and_coverage,
    kernel_distance,
    kernel_distance_interval,
)


def _normal(seed: int, count: int, shift: float = 0.0, size: int = 8) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, size)) + shift


def test_kernel_distance_by_its_definition() -> None:
    first, second = _normal(0, 6), _normal(1, 5, 0.5)

    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        return (x @ y / 8 + 1) ** 3

    own = [
        np.mean([kernel(x, y) for i, x in enumerate(s) for j, y in enumerate(s) if i != j])
        for s in (first, second)
    ]
    across = np.mean([kernel(x, y) for x in first for y in second])
    assert kernel_distance(first, second) == pytest.approx(own[0] + own[1] - 2 * across)


def test_kernel_distance_agrees_with_torchmetrics() -> None:
    torch = pytest.importorskip("torch")
    functions = pytest.importorskip("torchmetrics.image.kid")
    first, second = _normal(2, 50), _normal(3, 50, 0.3)
    expected = functions.poly_mmd(torch.from_numpy(first), torch.from_numpy(second))
    assert kernel_distance(first, second) == pytest.approx(float(expected), rel=1e-6)


def test_kernel_distance_is_unbiased_and_grows_with_the_shift() -> None:
    equal = [kernel_distance(_normal(i, 40), _normal(i + 100, 40)) for i in range(60)]
    assert abs(np.mean(equal)) < 3 * np.std(equal) / np.sqrt(60)
    shifted = [kernel_distance(_normal(9, 200), _normal(10, 200, s)) for s in (0.0, 0.5, 1.0)]
    assert shifted[0] < shifted[1] < shifted[2]
    low, high = kernel_distance_interval(_normal(9, 200), _normal(10, 200, 1.0))
    assert 0 < low < shifted[2] < high


def test_density_and_coverage_of_equal_collapsed_and_distant_sets() -> None:
    real = _normal(4, 300)
    density, coverage = density_and_coverage(real, _normal(5, 300))
    assert 0.85 < density < 1.15
    assert coverage == pytest.approx(1 - 0.5**5, abs=0.04)
    collapsed = real[:1] + 0.001 * _normal(6, 300)
    assert density_and_coverage(real, collapsed)[1] < 0.1
    assert density_and_coverage(real, _normal(7, 300, 20.0)) == (0.0, 0.0)


def test_scale_leaves_constant_features_alone() -> None:
    features = np.c_[np.arange(5.0), np.full(5, 3.0)]
    scaled = Scale.of(features).apply(features)
    np.testing.assert_allclose(scaled.std(axis=0), [1, 0])
    assert np.isfinite(scaled).all()
