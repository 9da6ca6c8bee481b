import numpy as np
import pytest

from callosal.pipelines.midplane.symmetry import Lattice, MirrorPlane, halves
from callosal.pipelines.midplane.symmetry_fit import jackknife, refine
from tests.midplane.synthetic_head import rotation
from tests.midplane.test_symmetry import X, mirrored_image

CENTER_MM = np.array([2.0, 1.0, -3.0])


@pytest.mark.parametrize("turns", [(0.0, 0.0), (0.12, -0.1), (-0.08, 0.15)])
def test_refine_finds_the_plane(turns: tuple[float, float]) -> None:
    normal = rotation(0, 10, 5) @ X
    image = mirrored_image(normal, 3.0)
    lattice = Lattice.about_head(3.0, 45.0, 30.0)
    start = MirrorPlane(3.0 * normal, normal, 0.0).moved(4.0, np.array(turns))
    plane, sides = refine(image, start, lattice, CENTER_MM, tolerance_mm=0.01, most_steps=30)
    assert sides.symmetry == plane.symmetry
    assert np.degrees(np.arccos(min(1.0, plane.normal @ normal))) < 0.1
    assert plane.point_mm @ normal == pytest.approx(3.0, abs=0.05)
    assert plane.symmetry > 0.995
    in_plane = plane.point_mm - CENTER_MM
    np.testing.assert_allclose(in_plane - (in_plane @ plane.normal) * plane.normal, 0, atol=1e-9)


def test_refine_without_information_stays_put() -> None:
    image = mirrored_image(X, 0.0)
    flat = image.with_values(np.zeros_like(image.values))
    start = MirrorPlane(CENTER_MM, X, 0.0)
    plane, _ = refine(flat, start, Lattice.about_head(4, 40, 20), CENTER_MM, 0.01, 5)
    np.testing.assert_allclose(plane.normal, X)
    np.testing.assert_allclose(plane.point_mm, CENTER_MM)
    assert plane.symmetry == 0


def test_jackknife_sees_parts_that_disagree() -> None:
    image = mirrored_image(X, 0.0)
    lattice = Lattice.about_head(3.0, 45.0, 30.0)
    plane = MirrorPlane(np.zeros(3), X, 0.0)
    even_deg, even_mm = jackknife(halves(image, plane, lattice))
    sheared = image.values.copy()
    sheared[:, :30] = np.roll(sheared[:, :30], 2, axis=0)
    uneven_deg, uneven_mm = jackknife(halves(image.with_values(sheared), plane, lattice))
    assert uneven_deg > 5 * even_deg
    assert uneven_mm > 5 * even_mm


def test_refine_ends_at_one_plane_from_different_starts() -> None:
    image = mirrored_image(rotation(0, 10, 5) @ X, 3.0)
    noise = np.random.default_rng(0).normal(0, 0.05, image.values.shape).astype(np.float32)
    lattice = Lattice.about_head(3.0, 45.0, 30.0)
    normal = rotation(0, 10, 5) @ X
    ends = []
    for shift_mm, turns in ((3.0, (0.1, 0.05)), (-4.0, (-0.05, 0.1))):
        start = MirrorPlane(3.0 * normal, normal, 0.0).moved(shift_mm, np.array(turns))
        noisy = image.with_values(image.values + noise)
        plane, _ = refine(noisy, start, lattice, CENTER_MM, tolerance_mm=1e-4, most_steps=40)
        ends.append(plane)
    assert np.degrees(np.linalg.norm(ends[0].normal - ends[1].normal)) < 0.005
    assert abs((ends[0].point_mm - ends[1].point_mm) @ normal) < 0.005
