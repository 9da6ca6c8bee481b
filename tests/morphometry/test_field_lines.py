import numpy as np
import pytest

from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.morphometry.borders import Borders, find_borders
from callosal.pipelines.morphometry.field_lines import find_field_lines
from callosal.pipelines.morphometry.outline import even_outline
from tests.morphometry.bands import arch_outline, callosum_outline


def lines_of(outline):
    even = even_outline(outline)
    return find_field_lines(find_borders(even, RotatedBox.around(even)))


def test_field_lines_of_an_arch_are_its_radii():
    lines = lines_of(arch_outline(90.0, 6.0, 60.0))
    superior = np.arctan2(lines.superior_mm[:, 0], lines.superior_mm[:, 1])
    inferior = np.arctan2(lines.inferior_mm[:, 0], lines.inferior_mm[:, 1])
    core = np.abs(superior) < np.deg2rad(52)
    assert core.sum() > 100
    assert np.rad2deg(np.abs(superior - inferior)[core]).max() < 0.3
    assert lines.lengths_mm[core] == pytest.approx(6.0, abs=0.03)


def test_field_lines_start_and_end_at_the_tips_and_keep_their_order():
    lines = lines_of(callosum_outline())
    assert lines.lengths_mm[[0, -1]] == pytest.approx(0, abs=1e-9)
    superior, inferior = (
        np.linalg.norm(np.diff(ends, axis=0), axis=1)
        for ends in (lines.superior_mm, lines.inferior_mm)
    )
    assert ((superior + inferior) > 0).all()
    # Two neighbours cross where the second end lies on the other side of the first line.
    first, step = lines.inferior_mm - lines.superior_mm, np.diff(lines.superior_mm, axis=0)
    side = first[:-1, 0] * step[:, 1] - first[:-1, 1] * step[:, 0]
    assert (side[1:-1] <= 1e-9).all()


def test_lines_of_a_strip_join_what_lies_opposite():
    x = np.linspace(30, -30, 200)
    ends = np.array([[33.0, 0.0]]), np.array([[-33.0, 0.0]])
    superior = np.vstack([ends[0], np.stack([x, np.full(200, 2.0)], axis=1), ends[1]])
    lines = find_field_lines(Borders(superior, superior * [1, -1]))
    assert lines.superior_mm[:, 0] == pytest.approx(lines.inferior_mm[:, 0], abs=1e-6)
