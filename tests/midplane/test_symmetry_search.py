import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callosal.pipelines.midplane.symmetry_search import (
    CONE_DEG,
    best_offset,
    directions_about,
    search_planes,
)
from tests.midplane.synthetic_head import rotation
from tests.midplane.test_symmetry import X, mirrored_image


@given(st.floats(0, CONE_DEG), st.floats(0, 360), st.tuples(*[st.floats(-90, 90)] * 3))
def test_every_tilt_in_the_cone_has_a_direction_near(
    tilt_deg: float, turn_deg: float, angles_deg: tuple[float, float, float]
) -> None:
    axis = rotation(*angles_deg) @ X
    grid = directions_about(axis)
    np.testing.assert_allclose(np.linalg.norm(grid, axis=1), 1)
    wanted = rotation(*angles_deg) @ rotation(turn_deg, 0, 0) @ rotation(0, 0, tilt_deg) @ X
    assert np.degrees(np.arccos(np.clip((grid @ wanted).max(), -1, 1))) < 10


@given(st.integers(-6, 6))
def test_best_offset_of_a_shifted_symmetric_block(shift: int) -> None:
    rng = np.random.default_rng(0)
    half = rng.normal(size=(5, 6, 8))
    symmetric = np.concatenate([half[..., ::-1], rng.normal(size=(5, 6, 1)), half], axis=2)
    block = np.zeros((5, 6, 31))
    block[..., 7 + shift : 24 + shift] = symmetric
    offset_mm, symmetry = best_offset(block.astype(np.float32), 2.0)
    assert offset_mm == pytest.approx(2.0 * shift)
    assert symmetry > 0.9


def test_search_starts_near_the_plane() -> None:
    normal = rotation(0, 28, -25) @ X
    image = mirrored_image(normal, 4.0)
    planes = search_planes(image, np.zeros(3), X, 50.0, 5.0, 3)
    assert abs(planes[0].normal @ normal) > np.cos(np.radians(12))
    symmetries = [plane.symmetry for plane in planes]
    assert symmetries == sorted(symmetries, reverse=True)
    assert abs(planes[0].normal @ planes[1].normal) < np.cos(np.radians(12))
