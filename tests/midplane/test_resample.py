import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callosal.pipelines.midplane.resample import (
    GridImage,
    apply_along_axis,
    gaussian_weights,
    isotropic,
)
from tests.midplane.synthetic_head import rotation


def ramp(shape: tuple[int, int, int], spacing_mm: tuple[float, float, float]) -> GridImage:
    """Each voxel holds x + 2 y + 3 z of its own position in grid mm."""
    origin_mm = np.array([5.0, -3.0, 1.0])
    position = np.moveaxis(np.indices(shape), 0, -1) * spacing_mm + origin_mm
    values = (position @ [1.0, 2.0, 3.0]).astype(np.float32)
    return GridImage(values, np.array(spacing_mm, dtype=float), origin_mm)


def ramp_at(points_mm: np.ndarray) -> np.ndarray:
    return points_mm @ [1.0, 2.0, 3.0]


def positions_mm(image: GridImage) -> np.ndarray:
    return np.moveaxis(np.indices(image.values.shape), 0, -1) * image.spacing_mm + image.origin_mm


@given(st.tuples(*[st.floats(0.3, 6)] * 3), st.floats(0.5, 9))
def test_binning_keeps_intensities_where_they_were(
    spacing_mm: tuple[float, float, float], target_mm: float
) -> None:
    image = ramp((7, 9, 12), spacing_mm)
    binned = image.binned(target_mm)
    np.testing.assert_allclose(binned.values, ramp_at(positions_mm(binned)), rtol=1e-4, atol=1e-3)
    coarser_than_target = binned.spacing_mm > target_mm * 1.002
    np.testing.assert_allclose(
        binned.spacing_mm[coarser_than_target], image.spacing_mm[coarser_than_target]
    )


def test_cropping_keeps_intensities_where_they_were() -> None:
    image = ramp((20, 21, 22), (1.0, 2.0, 0.5))
    low_mm, high_mm = np.array([8.0, 4.0, 3.0]), np.array([12.0, 11.0, 6.0])
    part = image.cropped(low_mm, high_mm)
    np.testing.assert_allclose(part.values, ramp_at(positions_mm(part)), rtol=1e-5)
    assert part.values.size < image.values.size / 8
    assert (part.origin_mm <= low_mm).all()
    assert (part.end_mm >= high_mm).all()


def test_isotropic_grid_keeps_a_ramp_away_from_the_borders() -> None:
    image = ramp((60, 30, 12), (0.9, 2.0, 5.0))
    even = isotropic(image, 2.5, 2.0, np.full(3, -np.inf), np.full(3, np.inf))
    np.testing.assert_array_equal(even.spacing_mm, [2.5] * 3)
    inner = (slice(4, -4),) * 3
    expected = ramp_at(positions_mm(even))[inner]
    np.testing.assert_allclose(even.values[inner], expected, atol=0.05)


def test_thick_and_thin_slices_come_out_with_one_blur() -> None:
    fine_mm = np.arange(0, 60, 0.25)
    profile = np.exp(-0.5 * ((fine_mm - 30) / 6) ** 2)
    widths = []
    for step in (4, 20):
        binned = profile.reshape(-1, step).mean(axis=1)
        spacing_mm = 0.25 * step
        values = np.broadcast_to(binned[:, None, None], (len(binned), 8, 8)).astype(np.float32)
        image = GridImage(
            np.ascontiguousarray(values),
            np.array([spacing_mm, 1.0, 1.0]),
            np.array([fine_mm[:step].mean(), 0, 0]),
        )
        even = isotropic(image, 1.0, 2.5, np.full(3, -np.inf), np.full(3, np.inf))
        line = even.values[:, 4, 4].astype(float)
        at = positions_mm(even)[:, 4, 4, 0]
        middle = (line * at).sum() / line.sum()
        assert middle == pytest.approx(30, abs=0.05)
        widths.append(np.sqrt((line * (at - middle) ** 2).sum() / line.sum()))
    assert widths[0] == pytest.approx(widths[1], rel=0.03)
    assert widths[0] == pytest.approx(np.hypot(6, 2.5), rel=0.03)


@given(st.tuples(*[st.floats(-180, 180)] * 3))
def test_block_samples_a_ramp_in_any_frame(angles_deg: tuple[float, float, float]) -> None:
    image = ramp((40, 40, 40), (1.0, 1.5, 0.8))
    frame = rotation(*angles_deg)
    center_mm = (image.origin_mm + image.end_mm) / 2
    block = image.block(center_mm, frame, np.array([6.0, 4.0, 2.0]), 2.0)
    assert block.shape == (7, 5, 3)
    steps = np.moveaxis(np.indices(block.shape), 0, -1) - (3, 2, 1)
    expected = ramp_at(center_mm + 2.0 * steps @ frame.T)
    np.testing.assert_allclose(block, expected, rtol=1e-4, atol=1e-3)


def test_block_outside_the_image_is_not_a_number() -> None:
    image = ramp((10, 10, 10), (1.0, 1.0, 1.0))
    block = image.block(image.end_mm, np.eye(3), np.full(3, 3.0), 1.0)
    assert np.isfinite(block[:4, :4, :4]).all()
    assert np.isnan(block[4:]).all()


@given(st.floats(0.1, 30), st.integers(2, 40))
def test_gaussian_weights_are_averages(sigma_mm: float, count: int) -> None:
    source, target = np.arange(count) * 1.5, np.linspace(0, (count - 1) * 1.5, 17)
    weights = gaussian_weights(source, target, sigma_mm)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert (weights >= 0).all()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_apply_along_axis_is_a_product_with_that_axis(axis: int) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(4, 5, 6)).astype(np.float32)
    weights = rng.normal(size=(3, values.shape[axis])).astype(np.float32)
    expected = np.moveaxis(np.tensordot(weights, values, (1, axis)), 0, axis)
    np.testing.assert_allclose(apply_along_axis(weights, values, axis), expected, rtol=1e-4)
