import numpy as np
import pytest

from callosal.models.errors import GeometryError
from callosal.pipelines.geometry import polygon
from callosal.pipelines.morphometry.outline import even_outline, perimeter_mm
from tests.morphometry.bands import arch_outline


def circle(radius, count=300):
    at = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return radius * np.stack([np.cos(at), np.sin(at)], axis=1)


def test_points_are_even_and_counter_clockwise_whatever_the_sense():
    for outline in (arch_outline(), arch_outline()[::-1]):
        even = even_outline(outline)
        steps = np.linalg.norm(even - np.roll(even, 1, axis=0), axis=1)
        assert steps.max() == pytest.approx(steps.min(), rel=0.02)
        assert polygon.area_mm2(even) == pytest.approx(polygon.area_mm2(arch_outline()), rel=1e-3)


def test_smoothing_hardly_shrinks_a_round_end():
    assert polygon.area_mm2(even_outline(circle(3.0), 1.0)) == pytest.approx(9 * np.pi, rel=0.007)


def test_smoothing_takes_the_steps_of_pixels_away():
    stairs = np.round(circle(20.0, 4000))
    stairs = stairs[np.any(stairs != np.roll(stairs, 1, axis=0), axis=1)]
    rough, smooth = even_outline(stairs), even_outline(stairs, 1.5)
    assert perimeter_mm(rough) > 1.05 * 40 * np.pi
    assert perimeter_mm(smooth) == pytest.approx(40 * np.pi, rel=0.02)


@pytest.mark.parametrize(
    ("outline", "code"),
    [
        (np.array([(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)]), "degenerate_contour"),
        (np.array([(0.0, 0.0), (np.nan, 1.0), (2.0, 2.0)]), "not_finite"),
        (np.zeros((0, 2)), "degenerate_contour"),
    ],
)
def test_degenerate_outlines_are_refused(outline, code):
    with pytest.raises(GeometryError) as caught:
        even_outline(outline)
    assert caught.value.code == code
