"""Two blocks of known motion, with noise and bias, lie on each other, whichever comes first."""

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.transform import Rotation

from callosal.pipelines.follow_up.neighbourhood import SHAPE, VOXEL_MM
from callosal.pipelines.follow_up.registration import register
from tests.follow_up.made_blocks import texture

ROTVEC = np.radians([1.5, -2.0, 1.0])
SHIFT_MM = np.array([1.2, -1.6, 2.1])


def block(volume, turn, shift, seed):
    """The texture read at `turn @ place + shift`, along left, posterior, superior of the block."""
    axes = [(np.arange(n) - (n - 1) / 2) * VOXEL_MM for n in SHAPE]
    up, back, left = np.meshgrid(*axes, indexing="ij")
    places = np.stack([left, back, up], axis=-1) @ turn.T + shift
    index = (places - volume.affine[:3, 3]) @ np.linalg.inv(volume.affine[:3, :3]).T
    values = ndimage.map_coordinates(volume.array, np.moveaxis(index, -1, 0), order=3)
    rng = np.random.default_rng(seed)
    bias = np.exp(left / 100 * rng.uniform(-1, 1))
    noisy = values * bias * rng.uniform(0.5, 2) + rng.normal(0, 0.3, SHAPE)
    return noisy.astype(np.float32)


@pytest.fixture(scope="module")
def blocks():
    volume = texture(1)
    turn = Rotation.from_rotvec(ROTVEC).as_matrix()
    # A point p of the first block is the point turn @ p + shift of the second.
    first = block(volume, np.eye(3), np.zeros(3), 2)
    return first, block(volume, turn.T, -turn.T @ SHIFT_MM, 3)


def test_the_motion_is_found_and_exchanging_the_blocks_gives_its_inverse(blocks):
    there, back = register(*blocks), register(*blocks[::-1])
    turn = Rotation.from_rotvec(ROTVEC).as_matrix()
    rest = Rotation.from_matrix(there.rotation.T @ turn).magnitude()
    assert np.degrees(rest) < 0.1
    np.testing.assert_allclose(there.shift_mm, SHIFT_MM, atol=0.08)
    assert there.correlation > 0.9
    np.testing.assert_allclose(back.rotation, there.rotation.T, atol=1e-4)
    np.testing.assert_allclose(back.shift_mm, -there.rotation.T @ there.shift_mm, atol=5e-3)
    assert there.angle_deg == pytest.approx(np.degrees(np.linalg.norm(ROTVEC)), abs=0.1)


def test_another_texture_does_not_agree(blocks):
    other = block(texture(5), np.eye(3), np.zeros(3), 4)
    assert register(blocks[0], other).correlation < 0.5
