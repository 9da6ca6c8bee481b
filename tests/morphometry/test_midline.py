import math

import numpy as np
import pytest

from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.morphometry.borders import find_borders
from callosal.pipelines.morphometry.midline import find_midline
from callosal.pipelines.morphometry.outline import even_outline
from tests.morphometry.bands import arch_outline, callosum_outline


def midline_of(outline):
    even = even_outline(outline)
    box = RotatedBox.around(even)
    return find_midline(find_borders(even, box)), box


def test_midline_of_an_arch_lies_on_its_circle():
    midline, _ = midline_of(arch_outline(90.0, 6.0, 60.0))
    radius = 90 / math.radians(120)
    distance = np.linalg.norm(midline.points_mm[20:-20], axis=1)
    assert distance == pytest.approx(radius, abs=0.05)
    assert midline.length_mm == pytest.approx(96.0, rel=2e-3)


def test_profile_of_an_arch_is_its_thickness_and_keeps_the_area():
    midline, _ = midline_of(arch_outline(90.0, 6.0, 60.0))
    profile = midline.thickness_profile_mm()
    assert profile.shape == (100,)
    assert profile[8:-8] == pytest.approx(6.0, abs=0.03)
    assert profile.mean() * 96 == pytest.approx(90 * 6 + 9 * math.pi, rel=3e-3)


@pytest.mark.parametrize("half_angle_deg", [40.0, 60.0, 80.0])
def test_curvature_of_an_arch_is_one_over_its_radius(half_angle_deg):
    midline, _ = midline_of(arch_outline(90.0, 6.0, half_angle_deg))
    turned = 2 * math.radians(half_angle_deg)
    assert midline.mean_curvature_per_mm() == pytest.approx(turned / 96, rel=0.03)


def test_bending_angle_of_an_arch_is_that_of_its_three_points():
    midline, box = midline_of(arch_outline(90.0, 6.0, 60.0))
    radius = 90 / math.radians(120)
    along = radius * math.sin(math.radians(60)) + 3 * math.cos(math.radians(60))
    down = radius - (radius * math.cos(math.radians(60)) - 3 * math.sin(math.radians(60)))
    expected = 2 * math.degrees(math.atan(along / down))
    assert midline.bending_angle_deg(box) == pytest.approx(expected, abs=1.0)


def test_a_hanging_arch_has_no_bending_angle():
    midline, box = midline_of(arch_outline() * [1, -1])
    with pytest.raises(GeometryError) as caught:
        midline.bending_angle_deg(box)
    assert caught.value.code == "not_arched"


def test_midline_runs_inside_from_rostrum_to_splenium():
    midline, _ = midline_of(callosum_outline())
    assert midline.points_mm[0, 0] > 0 > midline.points_mm[-1, 0]
    assert midline.shares[[0, -1]].tolist() == [0.0, 1.0]
    profile = midline.thickness_profile_mm()
    # The band was made with half widths 4.5 in the genu, 2.1 in the isthmus, 4.6 behind.
    assert profile[10:40].max() == pytest.approx(9.0, rel=0.03)
    assert profile[60:85].min() == pytest.approx(4.2, rel=0.03)
    assert profile[80:].max() == pytest.approx(9.2, rel=0.03)
