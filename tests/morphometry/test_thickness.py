import numpy as np

from callosal.pipelines.morphometry.thickness import part_widths_mm


def test_widths_are_read_where_the_parts_lie():
    profile = np.full(100, 5.0)
    profile[20], profile[70], profile[90] = 11.0, 3.0, 12.0
    assert part_widths_mm(profile) == {
        "genu_width_mm": 11.0,
        "body_width_mm": 5.0,
        "isthmus_width_mm": 3.0,
        "splenium_width_mm": 12.0,
    }
