import numpy as np
import pytest

from callosal.pipelines.phantom.texture import smooth_field


@pytest.mark.parametrize("axes", [2, 3])
def test_field_has_unit_variance_and_one_axis_per_coordinate(axes):
    sizes = (60, 70, 80)[:axes]
    field = smooth_field(
        np.random.default_rng(1), tuple(np.arange(n, dtype=float) for n in sizes), 2.0
    )
    assert field.shape == sizes
    assert field.std() == pytest.approx(1.0, abs=0.1)


def test_field_is_smooth_on_the_scale_of_its_cell():
    axis = np.arange(0, 100, 0.5)
    field = smooth_field(np.random.default_rng(2), (axis, axis), 10.0)
    assert np.abs(np.diff(field, axis=0)).max() < 0.2
