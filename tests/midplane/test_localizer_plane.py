"""The plane of a made localizer of a brain without skull, however it lies."""

import numpy as np
import pytest
from highdicom import Volume
from scipy import ndimage

from callosal.pipelines.midplane.localizer_plane import find_localizer_plane
from callosal.pipelines.phantom.localizer_series import LocalizerProtocol, acquire_localizer
from callosal.pipelines.phantom.reference_pose import RigidMotion

SHAPE = (160, 190, 160)
LEFT_RIGHT = np.array([1.0, 0.0, 0.0])


@pytest.fixture(scope="module")
def brain() -> Volume:
    """An egg of one millimetre voxels, wide behind, with folds alike on both sides and no skull."""
    x, y, z = (
        np.indices(SHAPE, np.float32) - (np.array(SHAPE, np.float32) - 1).reshape(3, 1, 1, 1) / 2
    )
    inside = (x / (62 + 0.1 * y)) ** 2 + (y / 85) ** 2 + ((z - 0.1 * y) / 60) ** 2 < 1
    rng = np.random.default_rng(2)
    folds = ndimage.gaussian_filter(rng.standard_normal(SHAPE, np.float32), 4)
    own = ndimage.gaussian_filter(rng.standard_normal(SHAPE, np.float32), 4)
    folds = (folds + folds[::-1]) / np.sqrt(2) + 0.7 * own
    voxels = inside * (1 + 0.3 * folds / folds.std())
    affine = np.eye(4)
    affine[:3, 3] = -(np.array(SHAPE) - 1) / 2
    return Volume(np.clip(voxels, 0, None).astype(np.float32) * 500, affine, "PATIENT")


@pytest.mark.parametrize(
    ("angles_deg", "protocol"),
    [
        ((14, -19, 10), LocalizerProtocol((9, 8, 10), 5.0, 6.0, 1.4, noise=0.01)),
        ((17, -20, 15), LocalizerProtocol((11, 11, 7), 6.0, 8.0, 1.4, noise=0.014)),
    ],
    ids=str,
)
def test_a_brain_without_skull_has_its_plane(
    brain: Volume, angles_deg: tuple[float, float, float], protocol: LocalizerProtocol
) -> None:
    motion = RigidMotion.of_angles(*angles_deg, np.zeros(3), (-11, -5, 14))
    turned = Volume(brain.array, motion.matrix @ brain.affine, "PATIENT")
    plane = find_localizer_plane(acquire_localizer(turned, protocol, np.zeros(3), 0))
    along = abs(plane.normal @ (motion.rotation @ LEFT_RIGHT))
    assert np.degrees(np.arccos(min(1.0, along))) < 1.5
