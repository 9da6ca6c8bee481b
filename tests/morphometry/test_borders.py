import numpy as np
import pytest

from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.morphometry.borders import find_borders
from callosal.pipelines.morphometry.outline import even_outline
from tests.morphometry.bands import arch_outline, callosum_outline


@pytest.mark.parametrize("thickness", [4.0, 6.0, 10.0])
def test_tips_of_an_arch_are_the_middles_of_its_round_ends(thickness):
    outline = even_outline(arch_outline(90.0, thickness, 60.0))
    borders = find_borders(outline, RotatedBox.around(outline))
    radius, angle = 90 / np.deg2rad(120), np.deg2rad(60)
    along = radius * np.sin(angle) + thickness / 2 * np.cos(angle)
    up = radius * np.cos(angle) - thickness / 2 * np.sin(angle)
    assert borders.superior_mm[0] == pytest.approx([along, up], abs=0.5)
    assert borders.superior_mm[-1] == pytest.approx([-along, up], abs=0.5)
    assert np.array_equal(borders.superior_mm[[0, -1]], borders.inferior_mm[[0, -1]])
    middle = len(borders.superior_mm) // 2
    assert borders.superior_mm[middle, 1] > borders.inferior_mm[:, 1].max()


def test_rostrum_and_splenium_are_the_tips_of_a_callosum():
    outline = even_outline(callosum_outline())
    borders = find_borders(outline, RotatedBox.around(outline))
    assert borders.superior_mm[0] == pytest.approx([21, -9], abs=1)
    assert borders.superior_mm[-1] == pytest.approx([-35.5, -12.4], abs=1.5)


def test_an_outline_without_a_posterior_half_has_no_tip():
    outline = even_outline(arch_outline())
    beside = RotatedBox((-200.0, 0.0), (80.0, 20.0), 0.0)
    with pytest.raises(GeometryError) as caught:
        find_borders(outline, beside)
    assert caught.value.code == "no_tip"
