import numpy as np
import pytest
from highdicom import RGB_COLOR_CHANNEL_DESCRIPTOR, Volume
from hypothesis import given, settings
from hypothesis import strategies as st

from callosal.models.errors import GeometryError, InputError
from callosal.pipelines.midplane.sagittal_slice import (
    NativePlane,
    cut_slice,
    cut_slices,
    sagittal_directions,
)
from tests.midplane.synthetic_head import rotation

MIDDLE_LPS_MM = np.array([12.0, -30.0, 45.0])
GRADIENT = np.array([1.0, -2.0, 0.5])


def ramp_volume(turn: np.ndarray, shape: tuple[int, int, int] = (40, 50, 60)) -> Volume:
    """A volume of 2 x 1.6 x 1.4 mm whose intensity is linear in LPS, turned in space."""
    affine = np.eye(4)
    affine[:3, :3] = turn * (2.0, 1.6, 1.4)
    affine[:3, 3] = MIDDLE_LPS_MM - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    index = np.moveaxis(np.indices(shape), 0, -1)
    values = (index @ affine[:3, :3].T + affine[:3, 3]) @ GRADIENT + 500
    return Volume(values.astype(np.float32), affine, "PATIENT")


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.floats(-40, 40)] * 3), st.tuples(*[st.floats(-180, 180)] * 3))
def test_pixels_hold_the_intensity_of_their_place(
    tilt_deg: tuple[float, float, float], turn_deg: tuple[float, float, float]
) -> None:
    volume = ramp_volume(rotation(*turn_deg))
    plane = NativePlane(MIDDLE_LPS_MM, rotation(*tilt_deg) @ [-1.0, 0, 0])
    image = cut_slice(volume, plane, spacing_mm=1.0)
    np.testing.assert_allclose(image.normal, plane.normal, atol=1e-12)
    assert image.col_dir[2] < 0
    assert abs((image.center_lps_mm - MIDDLE_LPS_MM) @ plane.normal) < 1e-9
    rows, columns = np.indices(image.pixels.shape)
    lps = image.pixels_to_lps(np.stack([rows, columns], axis=-1))
    index = (lps - volume.affine[:3, 3]) @ np.linalg.inv(volume.affine[:3, :3]).T
    well_inside = ((index > 4) & (index < np.array(volume.shape) - 5)).all(axis=-1)
    assert well_inside.sum() > 500
    expected = lps @ GRADIENT + 500
    np.testing.assert_allclose(image.pixels[well_inside], expected[well_inside], atol=0.5)
    outside = ((index < -0.6) | (index > np.array(volume.shape) - 0.4)).any(axis=-1)
    assert (image.pixels[outside] == 0).all()


def test_slice_covers_the_volume_and_no_more() -> None:
    image = cut_slice(
        ramp_volume(np.eye(3)), NativePlane(MIDDLE_LPS_MM, np.array([-1.0, 0, 0])), 0.5
    )
    assert image.pixels.shape == (round(60 * 1.4 / 0.5), round(50 * 1.6 / 0.5))
    np.testing.assert_allclose(image.center_lps_mm, MIDDLE_LPS_MM, atol=1e-9)
    assert (image.pixels > 0).all()


def test_field_of_view_is_kept_about_the_point() -> None:
    point = MIDDLE_LPS_MM + np.array([0.0, 5.0, -4.0])
    image = cut_slice(ramp_volume(np.eye(3)), NativePlane(point, np.array([-1.0, 0, 0])), 1.0, 32.0)
    assert image.pixels.shape == (32, 32)
    np.testing.assert_allclose(image.center_lps_mm, point, atol=1e-9)


def test_neighbours_lie_toward_the_right_by_their_offsets() -> None:
    volume = ramp_volume(rotation(3, 5, 7))
    plane = NativePlane(MIDDLE_LPS_MM, rotation(0, 4, -6) @ [-1.0, 0, 0])
    offsets_mm = (-4.0, 0.0, 2.5)
    images = cut_slices(volume, plane, offsets_mm, 1.0)
    alone = cut_slice(volume, plane, 1.0)
    np.testing.assert_allclose(images[1].pixels, alone.pixels, rtol=1e-5)
    for image, offset_mm in zip(images, offsets_mm, strict=True):
        np.testing.assert_allclose(
            image.center_lps_mm, alone.center_lps_mm + offset_mm * plane.normal
        )
        change = image.pixels[20:50, 20:50] - alone.pixels[20:50, 20:50]
        np.testing.assert_allclose(change, offset_mm * plane.normal @ GRADIENT, atol=0.02)
    assert images[2].center_lps_mm[0] < alone.center_lps_mm[0]


def test_a_slab_averages_noise_and_keeps_a_ramp() -> None:
    volume = ramp_volume(np.eye(3))
    noisy = volume.with_array(
        volume.array + np.random.default_rng(0).normal(0, 20, volume.shape).astype(np.float32)
    )
    plane = NativePlane(MIDDLE_LPS_MM, np.array([-1.0, 0, 0]))
    clean = cut_slice(volume, plane, 1.0).pixels
    thin = cut_slice(noisy, plane, 1.0).pixels
    slab = cut_slice(noisy, plane, 1.0, thickness_mm=6.0).pixels
    assert np.std(slab - clean) < 0.7 * np.std(thin - clean)
    np.testing.assert_allclose(
        cut_slice(volume, plane, 1.0, thickness_mm=6.0).pixels, clean, atol=0.1
    )


def test_cubic_interpolation_does_not_overshoot() -> None:
    values = np.zeros((20, 20, 20), np.uint8)
    values[10:] = 200
    volume = Volume(values, np.diag([2.0, 2.0, 2.0, 1.0]), "PATIENT")
    plane = NativePlane(np.full(3, 19.0), rotation(0, 20, 30) @ [-1.0, 0, 0])
    image = cut_slice(volume, plane, 0.5)
    assert image.pixels.min() >= 0
    assert image.pixels.max() <= 200
    assert image.pixels.dtype == np.float32


@given(st.tuples(*[st.floats(-50, 50)] * 3))
def test_directions_are_orthonormal_and_upright(angles_deg: tuple[float, float, float]) -> None:
    normal = rotation(*angles_deg) @ [-1.0, 0, 0]
    row_dir, col_dir = sagittal_directions(normal)
    np.testing.assert_allclose(np.cross(row_dir, col_dir), normal, atol=1e-12)
    assert row_dir @ (0, 0, 1) == pytest.approx(0, abs=1e-12)
    assert col_dir[2] < 0


def test_clear_errors() -> None:
    volume = ramp_volume(np.eye(3))
    with pytest.raises(GeometryError) as across:
        cut_slice(volume, NativePlane(MIDDLE_LPS_MM, np.array([0.0, 0, 1])))
    assert across.value.code == "plane_not_sagittal"
    for distance_mm in (500.0, 300.0):
        for axis in (0, 1):
            point = MIDDLE_LPS_MM + distance_mm * np.eye(3)[axis]
            with pytest.raises(GeometryError) as outside:
                cut_slice(volume, NativePlane(point, np.array([-1.0, 0, 0])))
            assert outside.value.code == "plane_outside_volume"


def test_colour_is_refused() -> None:
    colour = Volume(
        np.zeros((9, 9, 9, 3), np.uint8),
        np.eye(4),
        "PATIENT",
        channels={RGB_COLOR_CHANNEL_DESCRIPTOR: ["R", "G", "B"]},
    )
    with pytest.raises(InputError) as caught:
        cut_slice(colour, NativePlane(np.full(3, 4.0), np.array([-1.0, 0, 0])))
    assert caught.value.code == "not_scalar"
