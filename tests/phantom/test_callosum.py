import numpy as np
import pytest
from scipy import ndimage

from callosal.pipelines.phantom.callosum import Tube, drawn_callosum


def grid(spacing_mm=0.25, half_mm=50):
    axis = np.arange(-half_mm + spacing_mm / 2, half_mm, spacing_mm, dtype=np.float32)
    return np.broadcast_to(axis[None, :], (len(axis),) * 2), np.broadcast_to(
        axis[:, None], (len(axis),) * 2
    )


def test_straight_tube_has_the_area_of_a_capsule():
    u, v = grid()
    tube = Tube(np.array([[-20.0, 5.0], [20.0, 5.0]]), np.array([4.0, 4.0]))
    area = tube.mask(u, v).sum() * 0.25**2
    assert area == pytest.approx(40 * 8 + np.pi * 16, rel=0.005)
    distance = tube.signed_distance_mm(np.array([[0.0]], "f4"), np.array([[12.0]], "f4"))
    assert distance.item() == pytest.approx(3.0)


@pytest.mark.parametrize("seed", range(8))
def test_drawn_callosum_is_one_arch_of_adult_size(seed):
    u, v = grid(0.5)
    mask = drawn_callosum(np.random.default_rng(seed), (1.0, 1.0)).mask(u, v)
    _, count = ndimage.label(mask)
    assert count == 1
    assert 400 < mask.sum() * 0.25 < 1100
    hull_area = np.ptp(u[mask > 0]) * np.ptp(v[mask > 0])
    assert mask.sum() * 0.25 < 0.5 * hull_area, "an arch, not a blob"
    assert 65 < np.ptp(u[mask > 0]) < 95


def test_stretch_scales_length_not_thickness():
    tube = Tube(np.array([[0.0, 0.0], [10.0, 0.0]]), np.array([2.0, 2.0])).scaled((2.0, 1.0), 0.5)
    assert tube.points_mm.tolist() == [[0, 0], [20, 0]]
    assert tube.radii_mm.tolist() == [1, 1]
