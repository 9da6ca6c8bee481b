import numpy as np
import pytest
from scipy import ndimage

from callosal.pipelines.geometry.slice_image import on_slice
from callosal.pipelines.outline.contour import find_contours_mm
from callosal.pipelines.outline.smooth import smooth_contour_mm
from callosal.pipelines.outline.surroundings import Brightness, brightness
from callosal.pipelines.phantom.arch import Arch, arch_phantom

SPACING = (0.8, 1.1)


@pytest.fixture(scope="module")
def arch() -> np.ndarray:
    shape = Arch(length_mm=80, thickness_mm=7, half_angle_deg=75, tilt_deg=10, center_mm=(0, 0))
    return arch_phantom(shape, (150, 130), SPACING)


def _measured(arch: np.ndarray, pixels: np.ndarray) -> Brightness:
    place = on_slice(pixels, SPACING)
    contour = smooth_contour_mm(find_contours_mm(arch, place)[0])
    return brightness(contour, arch >= 0.5, place)


def test_inside_and_ring_are_told_above_air(arch: np.ndarray) -> None:
    pixels = np.where(arch >= 0.5, 110.0, 60.0)
    pixels[:20] = 10.0
    light = _measured(arch, pixels)
    assert light.inside == pytest.approx(100, abs=1)
    assert light.ring == pytest.approx(50, abs=3)
    assert light.contrast == pytest.approx(1, abs=0.15)
    assert light.distinct > 0.9


def test_contrast_knows_neither_scale_nor_sign(arch: np.ndarray) -> None:
    grain = ndimage.gaussian_filter(np.random.default_rng(0).standard_normal(arch.shape), 3)
    pixels = 100 + 40 * arch + 60 * grain
    first = _measured(arch, pixels)
    assert _measured(arch, 7 * pixels).contrast == pytest.approx(first.contrast, rel=1e-4)
    inverted = _measured(arch, pixels.max() - pixels)
    assert inverted.contrast == pytest.approx(first.contrast, rel=1e-2)
    assert inverted.distinct == pytest.approx(first.distinct, abs=0.02)


def test_a_flat_picture_has_no_contrast(arch: np.ndarray) -> None:
    for value in (0.0, 700.0):
        light = _measured(arch, np.full(arch.shape, value))
        assert light.contrast == 0
        assert light.distinct == 0


def test_the_neighbourhood_may_leave_the_image(arch: np.ndarray) -> None:
    rows, columns = np.nonzero(arch >= 0.5)
    cut = arch[rows.min() - 1 : rows.max() - 3, columns.min() + 4 : columns.max() + 2]
    light = _measured(cut, 50 + 50 * cut)
    assert light.inside > light.ring


@pytest.mark.parametrize("gain", [0.4, 2.5])
def test_the_gain_of_a_surface_coil_changes_little(arch: np.ndarray, gain: float) -> None:
    grain = np.random.default_rng(4).standard_normal(arch.shape)
    pixels = 20 + 100 * (0.75 + 0.25 * arch + 0.02 * grain)
    pixels[:, -12:] = 0.0  # air
    slope = np.exp(np.log(gain) * np.linspace(-1, 1, arch.shape[1]))
    plain, biased = _measured(arch, pixels), _measured(arch, pixels * slope)
    assert plain.distinct > 0.9
    assert biased.distinct > 0.85
    assert biased.contrast == pytest.approx(plain.contrast, rel=0.3)


def test_an_outline_around_air_has_no_gain(arch: np.ndarray) -> None:
    pixels = np.where(arch >= 0.5, -5.0, 80.0)
    pixels[:30] = 0.0
    assert np.isfinite(_measured(arch, pixels).contrast)
