import numpy as np
import pytest
from scipy import ndimage

from callosal.pipelines.outline.coverage import border_width, coverage, coverage_matched
from callosal.pipelines.outline.level_set import refined, trace
from callosal.pipelines.outline.smooth import smooth_contour_mm
from callosal.pipelines.phantom import Arch, arch_phantom
from tests.morphometry.bands import callosum_outline

STEPS = np.array([2, 2])


def loop_in_pixels(spacing_mm: float, shape: tuple[int, int]) -> np.ndarray:
    return callosum_outline()[:, ::-1] / spacing_mm + (np.array(shape) - 1) / 2


def test_coverage_is_the_share_of_each_pixel():
    loop, fine = loop_in_pixels(1.3, (40, 70)), 24
    found = coverage([loop], (40, 70))
    dense = coverage([(loop + 0.5) * fine - 0.5], (40 * fine, 70 * fine))
    expected = dense.reshape(40, fine, 70, fine).mean(axis=(1, 3))
    assert found.min() >= -1e-12
    assert found.max() <= 1 + 1e-12
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_a_hole_is_not_covered():
    outer = np.array([(0.5, 0.5), (0.5, 8.5), (8.5, 8.5), (8.5, 0.5)])
    hole = np.array([(2.5, 2.5), (6.5, 2.5), (6.5, 6.5), (2.5, 6.5)])
    found = coverage([outer, hole], (10, 10))
    assert found.sum() == pytest.approx(64 - 16)
    assert found[4, 4] == pytest.approx(0)
    np.testing.assert_allclose(coverage([outer[::-1], hole[::-1]], (10, 10)), found)


@pytest.mark.parametrize("spacing_mm", [0.7, 1.0, 1.5])
def test_the_outline_of_the_matched_map_covers_as_the_map_says(spacing_mm):
    shape = (round(140 / spacing_mm),) * 2
    arch = Arch(85.0, 5.0, 55.0, 20.0, (1.3, 2.2))
    values = np.asarray(arch_phantom(arch, shape, (spacing_mm, spacing_mm)), float)
    before, after = (
        residual(each, values) for each in (values, coverage_matched(values, STEPS, 0.5))
    )
    assert after < before / 2


def residual(shown: np.ndarray, values: np.ndarray) -> float:
    loops = [smooth_contour_mm(loop / STEPS) for loop in trace(refined(shown, STEPS), 0.5)]
    return float(np.abs(coverage(loops, values.shape) - values).sum())


def soft_map(sigma: float) -> np.ndarray:
    arch = Arch(85.0, 7.0, 55.0, 20.0, (1.3, 2.2))
    values = np.asarray(arch_phantom(arch, (140, 140), (1.0, 1.0)), float)
    return ndimage.gaussian_filter(values, sigma)


def test_a_map_softer_than_coverage_stays_as_it_is():
    values = soft_map(1.0)
    np.testing.assert_array_equal(coverage_matched(values, STEPS, 0.5), values)


@pytest.mark.parametrize("spacing_mm", [(0.4, 0.4), (1.0, 1.0), (1.5, 1.5), (0.5, 1.2)])
@pytest.mark.parametrize("tilt_deg", [-40.0, 0.0, 23.0])
def test_the_border_of_coverage_is_two_thirds_of_a_pixel_wide(spacing_mm, tilt_deg):
    shape = (round(140 / spacing_mm[0]), round(140 / spacing_mm[1]))
    arch = Arch(85.0, 6.0, 55.0, tilt_deg, (1.3, 2.2))
    values = np.asarray(arch_phantom(arch, shape, spacing_mm), float)
    assert 0.6 < border_width(values, 0.5) < 0.72
    blurred = ndimage.gaussian_filter(values, 0.6)
    assert border_width(blurred, 0.5) > 0.9
    np.testing.assert_array_equal(coverage_matched(blurred, STEPS, 0.5), blurred)


def test_what_is_faint_elsewhere_grows_to_nothing():
    values = soft_map(0.0)
    values[10:14, 10:14] = 0.4
    matched = coverage_matched(values, STEPS, 0.5)
    np.testing.assert_array_equal(matched[8:16, 8:16], values[8:16, 8:16])
    assert (matched != values).any()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("seed", range(40))
def test_specks_stay_what_they_are_and_raise_nothing(seed):
    rng = np.random.default_rng(seed)
    values = np.zeros((9, 9))
    for row, column in rng.integers(2, 7, (rng.integers(1, 5), 2)):
        values[row, column] = rng.choice([0.5, 0.51, 0.6, 0.9])
    matched = coverage_matched(values, STEPS, 0.5)
    assert (matched >= 0.5).any()
    before, after = (trace(refined(each, STEPS), 0.5) for each in (values, matched))
    assert bool(after) == bool(before)
