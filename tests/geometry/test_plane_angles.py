import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.plane_angles import drag_angle_deg, rotated_mm, wrap_axis_deg

angle = st.floats(-180, 180)


@given(st.floats(-1e6, 1e6))
def test_wrapped_angles_name_the_same_axis(degrees):
    wrapped = wrap_axis_deg(degrees)
    assert -90 < wrapped <= 90
    assert math.sin(math.radians(wrapped - degrees)) == pytest.approx(0, abs=1e-8)


@given(angle.filter(lambda a: abs(a) < 179), st.floats(0.5, 50), st.floats(0.5, 50))
def test_a_drag_gives_the_angle_between_its_two_pointers(degrees, near, far):
    center = np.array([3.0, -7.0])
    start = center + np.array([near, 0])
    end = rotated_mm(center + np.array([far, 0]), center, degrees)
    assert drag_angle_deg(center, start, end) == pytest.approx(degrees, abs=1e-6)


def test_a_drag_from_the_centre_has_no_angle():
    with pytest.raises(GeometryError) as caught:
        drag_angle_deg((1, 1), (1, 1), (2, 2))
    assert caught.value.code == "degenerate_drag"
