import numpy as np
import pytest

from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.reference_line import find_reference_line
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.morphometry.measures import measure
from callosal.pipelines.pictures.parcellation import COLORS, draw_parcellation
from tests.morphometry.bands import callosum_outline, empty_slice


def measured():
    outline = callosum_outline()
    box = RotatedBox.around(outline)
    line = find_reference_line("subcallosal", outline, box)
    return measure(outline, np.zeros((160, 160)), empty_slice(), box, line)


def test_every_part_shows_its_color_and_anterior_is_left():
    morphometry = measured()
    picture = draw_parcellation(empty_slice(), morphometry, morphometry.parcellations[0])
    assert picture.size == (880, 772)
    pixels = np.asarray(picture)[:512].astype(float)
    columns = []
    for color in COLORS:
        shown = np.array(color) * 150 / 255
        near = np.abs(pixels - shown).max(axis=2) < 4
        assert near.sum() > 500
        columns.append(np.nonzero(near)[1].mean())
    assert columns[1:] == sorted(columns[1:])


def test_without_a_midline_there_is_no_picture():
    morphometry = measured()
    parcellation = morphometry.parcellations[0]
    object.__setattr__(morphometry, "midline", None)
    with pytest.raises(GeometryError):
        draw_parcellation(empty_slice(), morphometry, parcellation)
