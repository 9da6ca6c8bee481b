import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callosal.pipelines.midplane.resample import GridImage
from callosal.pipelines.midplane.symmetry import Lattice, MirrorPlane, halves
from tests.midplane.synthetic_head import rotation

X = np.array([1.0, 0.0, 0.0])


def mirrored_image(normal: np.ndarray, offset_mm: float) -> GridImage:
    """Smooth blobs and their mirror images about a plane, on a 2 mm grid about the origin."""
    spacing_mm, origin_mm = np.full(3, 2.0), np.full(3, -60.0)
    at = np.moveaxis(np.indices((61, 61, 61)), 0, -1) * spacing_mm + origin_mm
    values = np.zeros(at.shape[:3])
    rng = np.random.default_rng(5)
    for center, weight in zip(rng.uniform(-45, 45, (25, 3)), rng.uniform(-1, 1, 25), strict=True):
        twin = center - 2 * (center @ normal - offset_mm) * normal
        for middle in (center, twin):
            values += weight * np.exp(-0.5 * ((at - middle) ** 2).sum(axis=-1) / 10.0**2)
    return GridImage(values.astype(np.float32), spacing_mm, origin_mm)


@given(st.tuples(*[st.floats(-180, 180)] * 3))
def test_frame_is_orthonormal(angles_deg: tuple[float, float, float]) -> None:
    frame = MirrorPlane(np.zeros(3), rotation(*angles_deg) @ X, 0.0).frame
    np.testing.assert_allclose(frame.T @ frame, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(frame[:, 2], rotation(*angles_deg) @ X)


def test_moved_plane() -> None:
    plane = MirrorPlane(np.array([1.0, 2.0, 3.0]), X, 0.0)
    moved = plane.moved(2.5, np.radians([0.3, -0.4]))
    np.testing.assert_allclose(moved.point_mm, [3.5, 2.0, 3.0])
    assert np.degrees(np.arccos(moved.normal @ X)) == pytest.approx(0.5, abs=1e-4)


def test_through_nearest_keeps_the_plane() -> None:
    plane = MirrorPlane(np.array([1.0, 2.0, 3.0]), X, 0.0).through_nearest(np.array([9.0, 8, 7]))
    np.testing.assert_allclose(plane.point_mm, [1.0, 8.0, 7.0])


def test_lattice_weight_fades_toward_its_rim() -> None:
    lattice = Lattice.about_head(2.0, 40.0, 20.0)
    assert lattice.weight.shape == (41, 41, 10)
    assert lattice.weight[20, 20, 0] == 1
    assert lattice.weight[0, 20, 0] == 0
    assert lattice.weight[20, 20, -1] == 0
    u, v, w = lattice.axes_mm()
    assert (u.min(), u.max(), v.min(), w.min(), w.max()) == (-40, 40, -40, 2, 20)


def test_halves_of_a_symmetric_image_agree_at_its_plane_only() -> None:
    normal = rotation(0, 10, 5) @ X
    image = mirrored_image(normal, 3.0)
    lattice = Lattice.about_head(3.0, 45.0, 30.0)
    plane = MirrorPlane(3.0 * normal, normal, 0.0)
    assert halves(image, plane, lattice).symmetry > 0.995
    assert halves(image, plane.moved(5.0, np.zeros(2)), lattice).symmetry < 0.9
    assert halves(image, plane.moved(0.0, np.array([0.15, 0])), lattice).symmetry < 0.95


@pytest.mark.parametrize("parameter", [0, 1, 2])
def test_jacobian_is_the_derivative_of_the_difference(parameter: int) -> None:
    image = mirrored_image(rotation(0, 10, 25) @ X, 3.0)
    lattice = Lattice.about_head(2.0, 40.0, 30.0)
    plane = MirrorPlane(np.array([1.0, 0, 0]), rotation(0, 5, 20) @ X, 0.0)
    size = (0.5, 0.01, 0.01)[parameter]
    change = np.eye(3)[parameter] * size
    after = halves(image, plane.moved(change[0], change[1:]), lattice)
    before = halves(image, plane.moved(-change[0], -change[1:]), lattice)
    measured = (after.near - after.far - before.near + before.far) / (2 * size)
    predicted = halves(image, plane, lattice).jacobian[parameter]
    used = halves(image, plane, lattice).weight > 0
    slope = np.polyfit(predicted[used], measured[used], 1)[0]
    assert slope == pytest.approx(1, abs=0.05)
    assert np.corrcoef(predicted[used], measured[used])[0, 1] > 0.98


def test_samples_outside_the_image_do_not_count() -> None:
    image = mirrored_image(X, 0.0)
    sides = halves(
        image, MirrorPlane(np.array([200.0, 0, 0]), X, 0.0), Lattice.about_head(4, 40, 20)
    )
    assert sides.symmetry == 0
    assert (sides.weight == 0).all()
    assert (sides.robust_weight() == 0).all()
