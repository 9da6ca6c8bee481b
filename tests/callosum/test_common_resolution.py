"""A picture in large and in small pixels looks alike to the network."""

import numpy as np
import pytest
from highdicom import Volume

from callosal.pipelines.callosum.common_resolution import BLUR_MM, at_common_resolution
from callosal.pipelines.geometry.slice_image import on_slice
from callosal.pipelines.midplane.sagittal_slice import NativePlane, cut_slice
from callosal.pipelines.midplane.sagittal_views import sagittal_candidates

SIDE_MM = 96.0


def series(pixel_mm: float) -> Volume:
    """One sagittal slice of rings, each pixel the mean over its square, in exact steps."""
    count, fine = round(SIDE_MM / pixel_mm), 8
    at = ((np.arange(count * fine) + 0.5) / fine) * pixel_mm - SIDE_MM / 2
    radius_mm = np.hypot(at[:, None], at[None] * 0.7)
    rings = 100 + 80 * np.cos(2 * np.pi * radius_mm / 9.0) * np.exp(-((radius_mm / 30) ** 2))
    pixels = rings.reshape(count, fine, count, fine).mean(axis=(1, 3))
    first = (count - 1) / 2 * pixel_mm
    affine = np.eye(4)
    affine[:3] = [[-1, 0, 0, 0], [0, 0, pixel_mm, -first], [0, -pixel_mm, 0, first]]
    return Volume(pixels[None].astype(np.float32), affine, "PATIENT")


@pytest.mark.parametrize("pixel_mm", [0.75, 1.0, 1.5])
def test_pixel_sizes_look_alike(pixel_mm: float) -> None:
    (fine,), (coarse,) = (sagittal_candidates(series(size)) for size in (0.5, pixel_mm))
    middle = (slice(20, -20), slice(20, -20))
    before = np.abs(fine.pixels - coarse.pixels)[middle].max()
    after = np.abs(at_common_resolution(fine) - at_common_resolution(coarse))[middle].max()
    assert after < before / 2.5


def test_a_point_has_the_blur_that_is_asked_for() -> None:
    pixels = np.zeros((41, 41), np.float32)
    pixels[20, 20] = 1
    blurred = at_common_resolution(on_slice(pixels, (0.25, 0.5)))
    for axis, spacing_mm in ((0, 0.25), (1, 0.5)):
        at_mm = (np.arange(41) - 20) * spacing_mm
        variance = (blurred.sum(axis=1 - axis) * at_mm**2).sum() / blurred.sum()
        assert variance + spacing_mm**2 / 12 == pytest.approx(BLUR_MM**2, rel=0.02)


def test_large_voxels_stay_as_they_are() -> None:
    (image,) = sagittal_candidates(series(2.2))
    np.testing.assert_array_equal(at_common_resolution(image), image.pixels)


def test_the_voxel_is_seen_along_the_directions_of_the_slice() -> None:
    volume = Volume(np.ones((9, 40, 60), np.float32), np.diag([-5.0, 0.8, 1.2, 1.0]), "PATIENT")
    plane = NativePlane(np.array([-20.0, 16.0, 36.0]), np.array([-1.0, 0.0, 0.0]))
    assert cut_slice(volume, plane).voxel_mm == pytest.approx((1.2, 0.8))
    turned = NativePlane(plane.point_lps_mm, np.array([-np.sqrt(0.5), np.sqrt(0.5), 0.0]))
    oblique = cut_slice(volume, turned).voxel_mm
    assert oblique == pytest.approx((1.2, np.hypot(5.0, 0.8) * np.sqrt(0.5)))
    assert on_slice(np.zeros((9, 9)), (0.5, 0.7)).voxel_mm == (0.5, 0.7)
