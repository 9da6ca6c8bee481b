import numpy as np
import pytest

from callosal.pipelines.synthesis.joint_image import as_slice, distance_channel


def disc(radius_mm, spacing_mm, shape, scale_mm=4.5):
    """Image of air with a bright disc and tanh of its signed distance, shape (2, *shape)."""
    rows, columns = ((np.arange(n) - (n - 1) / 2) * spacing_mm for n in shape)
    distance = radius_mm - np.hypot(rows[:, None], columns)
    channel = np.tanh(distance / scale_mm)
    return np.stack([np.where(distance > 0, 0.6, -1.0), channel]).astype(np.float32)


@pytest.mark.parametrize("spacing_mm", [1.0, 1.5])
def test_a_mask_is_drawn_between_the_generators_pixels(spacing_mm):
    drawn = as_slice(disc(9.3, spacing_mm, (48, 40)), (spacing_mm, spacing_mm))
    assert drawn.mask.shape == (48 * spacing_mm * 2, 40 * spacing_mm * 2)
    assert drawn.mask.sum() * 0.25 == pytest.approx(np.pi * 9.3**2, rel=0.01)
    assert drawn.image.dtype == np.uint8
    assert drawn.image[0, 0] == 0
    middle = drawn.image[drawn.image.shape[0] // 2, drawn.image.shape[1] // 2]
    assert middle == pytest.approx(0.8 * 255, abs=2)


def test_at_equal_pixels_nothing_is_resampled():
    joint = disc(6.0, 0.5, (40, 60))
    drawn = as_slice(joint, (0.5, 0.5))
    np.testing.assert_array_equal(drawn.mask > 0, joint[1] > 0)


def test_the_brightest_and_the_darkest_do_not_wrap():
    joint = np.stack([np.linspace(-3, 3, 400).reshape(20, 20), np.ones((20, 20))])
    image = as_slice(joint.astype(np.float32), (1.0, 1.0)).image
    assert image.min() == 0
    assert image.max() == 255


@pytest.mark.parametrize("spacing_mm", [(0.5, 0.5), (0.8, 1.1)])
def test_a_given_mask_makes_the_round_trip(spacing_mm):
    shape = tuple(round(120 / step) for step in spacing_mm)
    rows, columns = (
        (np.arange(n) - (n - 1) / 2) * step for n, step in zip(shape, spacing_mm, strict=True)
    )
    mask = (np.hypot((rows[:, None] + 6) / 8, (columns - 3) / 24) < 1).astype(np.uint8)
    middle = (np.array(mask.shape) - 1) / 2
    channel = distance_channel(mask, spacing_mm, middle, (64, 80), (1.5, 1.5), 4.5)
    again = as_slice(np.stack([channel, channel]), (1.5, 1.5)).mask
    expected = as_slice(
        np.stack([channel, distance_channel(mask, spacing_mm, middle, (64, 80), (1.5, 1.5), 3.0)]),
        (1.5, 1.5),
    ).mask
    assert again.sum() * 0.25 == pytest.approx(np.pi * 8 * 24, rel=0.03)
    assert np.mean(again != expected) < 2e-3, "the scale of the distance does not matter"
    centre = np.argwhere(again).mean(axis=0) - (np.array(again.shape) - 1) / 2
    np.testing.assert_allclose(centre * 0.5, [-6, 3], atol=0.3)
