import math

import numpy as np
import pytest

from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.morphometry.callosum_index import corpus_callosum_index, find_diameter
from tests.morphometry.bands import arch_outline, band


def test_index_of_an_arch_is_the_exact_one():
    outline = arch_outline(90.0, 6.0, 60.0, step=0.05)
    diameter = find_diameter(outline, RotatedBox.around(outline))
    radius, angle = 90 / math.radians(120), math.radians(60)
    half = radius * math.sin(angle) + 3
    assert diameter.length_mm == pytest.approx(2 * half, rel=1e-3)
    assert diameter.anterior_mm[0] > 0 > diameter.posterior_mm[0]
    genu = half - math.sqrt((radius - 3) ** 2 - (radius * math.cos(angle)) ** 2)
    assert corpus_callosum_index(outline, diameter) == pytest.approx(
        (2 * genu + 6) / (2 * half), rel=5e-3
    )


def test_a_straight_callosum_has_no_index():
    outline = band(np.stack([np.linspace(30, -30, 100), np.zeros(100)], axis=1), 3.0)
    diameter = find_diameter(outline, RotatedBox.around(outline))
    assert diameter.length_mm == pytest.approx(66, abs=0.01)
    with pytest.raises(GeometryError) as caught:
        corpus_callosum_index(outline, diameter)
    assert caught.value.code == "diameter_inside"
