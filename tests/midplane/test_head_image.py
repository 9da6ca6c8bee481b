import numpy as np
import pytest

from callosal.models.errors import InputError
from callosal.pipelines.midplane.head_image import head_center, local_contrast
from callosal.pipelines.midplane.resample import GridImage

SUPERIOR = np.array([0.0, 0.0, 1.0])


def ball_on_a_neck(neck_mm: float) -> GridImage:
    """A ball of 85 mm about (0, 0, 0) on a neck of 55 mm radius that goes on below it."""
    spacing_mm = np.full(3, 8.0)
    origin_mm = np.array([-120.0, -120.0, -240.0])
    at = np.moveaxis(np.indices((31, 31, 46)), 0, -1) * spacing_mm + origin_mm
    ball = np.linalg.norm(at, axis=-1) < 85
    neck = (np.hypot(at[..., 0], at[..., 1]) < 55) & (at[..., 2] < 0) & (at[..., 2] > -neck_mm)
    return GridImage(np.where(ball | neck, 100, 1).astype(np.float32), spacing_mm, origin_mm)


@pytest.mark.parametrize("neck_mm", [0, 120, 200])
def test_center_stays_in_the_head_whatever_the_neck(neck_mm: float) -> None:
    center_mm = head_center(ball_on_a_neck(neck_mm), SUPERIOR)
    np.testing.assert_allclose(center_mm[:2], 0, atol=2)
    assert -25 < center_mm[2] < 2


def test_center_needs_a_picture() -> None:
    flat = GridImage(np.full((9, 9, 9), 5, np.float32), np.full(3, 8.0), np.zeros(3))
    with pytest.raises(InputError) as caught:
        head_center(flat, SUPERIOR)
    assert caught.value.code == "empty_volume"


def textured() -> GridImage:
    rng = np.random.default_rng(1)
    values = rng.uniform(50, 150, (40, 40, 40)).astype(np.float32)
    return GridImage(values, np.full(3, 3.0), np.zeros(3))


def test_contrast_does_not_depend_on_gain_or_slow_shading() -> None:
    image = textured()
    known = np.ones_like(image.values)
    plain = local_contrast(image, known, 10.0).values
    louder = local_contrast(image.with_values(image.values * 37), known, 10.0).values
    np.testing.assert_allclose(louder, plain, atol=1e-3)
    shade = np.exp(np.linspace(-0.4, 0.4, 40, dtype=np.float32))[:, None, None]
    shaded = local_contrast(image.with_values(image.values * shade), known, 10.0).values
    assert np.corrcoef(shaded.ravel(), plain.ravel())[0, 1] > 0.99


def test_contrast_leaves_padding_unknown_and_its_edge_unseen() -> None:
    image = textured()
    values, known = image.values.copy(), np.ones_like(image.values)
    values[:15], known[:15] = 0, 0
    cut = local_contrast(image.with_values(values), known, 10.0).values
    whole = local_contrast(image, np.ones_like(known), 10.0).values
    assert np.isnan(cut[:15]).all()
    assert np.corrcoef(cut[15:].ravel(), whole[15:].ravel())[0, 1] > 0.97
