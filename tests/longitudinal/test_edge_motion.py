"""A border that moves by a known way is followed; noise, gain and bias move nothing."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from callosal.pipelines.geometry.slice_image import on_slice
from callosal.pipelines.longitudinal.edge_motion import edge_motion, outward_normals

SIDE, STEP_MM, RADIUS_MM = 160, 0.5, 22.0
PLACE = on_slice(np.zeros((SIDE, SIDE)), (STEP_MM, STEP_MM))


def disc(radius_mm: float, blur_mm: float = 0.6) -> NDArray[np.float32]:
    y, x = (np.indices((SIDE, SIDE)) - (SIDE - 1) / 2) * STEP_MM
    sharp = np.clip((radius_mm - np.hypot(x, y)) / STEP_MM + 0.5, 0, 1)
    return np.asarray(0.4 + 0.6 * gaussian_filter(sharp, blur_mm / STEP_MM), dtype=np.float32)


def outline() -> NDArray[np.float64]:
    angles = np.linspace(0, 2 * np.pi, 256, endpoint=False)
    return RADIUS_MM * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def test_normals_point_outward() -> None:
    np.testing.assert_allclose(outward_normals(outline()), outline() / RADIUS_MM, atol=1e-6)


@pytest.mark.parametrize("way_mm", [0.02, 0.3, 1.0])
def test_a_known_shift_is_found_and_shared_out_evenly(way_mm: float) -> None:
    visits = [disc(RADIUS_MM + way_mm / 2), disc(RADIUS_MM - way_mm / 2)]
    shifts = edge_motion(outline(), visits, PLACE).shifts_mm
    np.testing.assert_allclose(shifts[0] - shifts[1], way_mm, rtol=0.05, atol=0.005)
    np.testing.assert_allclose(shifts.sum(axis=0), 0, atol=1e-9)


def test_noise_gain_and_bias_are_no_change() -> None:
    random = np.random.default_rng(0)
    ramp = np.exp(np.linspace(-0.3, 0.3, SIDE))
    noisy = [disc(RADIUS_MM) + random.normal(0, 0.02, (SIDE, SIDE)) for _ in range(2)]
    visits = [(700 * noisy[0] * ramp).astype(np.float32), noisy[1].astype(np.float32)]
    shifts = edge_motion(outline(), visits, PLACE).shifts_mm
    assert abs((shifts[0] - shifts[1]).mean()) < 0.01
    assert (shifts[0] - shifts[1]).std() < 0.08


def test_where_there_is_no_edge_nothing_moves() -> None:
    flat = np.random.default_rng(1).normal(1, 1e-3, (2, SIDE, SIDE)).astype(np.float32)
    shown = [disc(RADIUS_MM), disc(RADIUS_MM - 0.4)]
    for image, noise in zip(shown, flat, strict=True):
        image[: SIDE // 2] = noise[: SIDE // 2]  # the upper half has no border
    shifts = edge_motion(outline(), shown, PLACE).shifts_mm
    upper = outline()[:, 1] > 4
    assert np.abs(shifts[:, upper]).mean() < 0.1
    np.testing.assert_allclose((shifts[0] - shifts[1])[outline()[:, 1] < -4], 0.4, atol=0.03)


def test_a_less_sharp_visit_is_seen_as_such_and_moves_nothing() -> None:
    visits = [disc(RADIUS_MM, 0.8), disc(RADIUS_MM, 1.0)]
    found = edge_motion(outline(), visits, PLACE)
    # Half of the difference of the variances, shared out between both.
    assert found.blur_mm2[1] - found.blur_mm2[0] == pytest.approx((1.0 - 0.64) / 2, rel=0.45)
    assert abs((found.shifts_mm[0] - found.shifts_mm[1]).mean()) < 0.01
