import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callosal.pipelines.phantom.canvas import Canvas, Ellipsoid, grid_window, smoothstep


def grid(tilt_deg=0.0, shape=(60, 80), spacing_mm=1.0):
    tilt = np.radians(tilt_deg)
    x = (shape[1] / 2 - np.arange(shape[1])[None, :]) * spacing_mm
    y = (shape[0] / 2 - np.arange(shape[0])[:, None]) * spacing_mm
    u, v = np.cos(tilt) * x + np.sin(tilt) * y, np.cos(tilt) * y - np.sin(tilt) * x
    return u.astype(np.float32), v.astype(np.float32)


@given(st.floats(-180, 180), st.floats(-60, 60), st.floats(-60, 60), st.floats(0, 30))
def test_window_holds_every_pixel_of_the_box(tilt, u0, v0, half):
    u, v = grid(tilt)
    inside = (np.abs(u - u0) <= half) & (np.abs(v - v0) <= half)
    window = grid_window(u, v, (u0 - half, v0 - half), (u0 + half, v0 + half))
    outside = inside.copy()
    outside[window] = False
    assert not outside.any()


def test_ellipsoid_covers_its_area():
    u, v = grid(20.0)
    canvas = Canvas.blank(u, v, np.zeros((1, 1), np.float32), 1.0)
    canvas.paint_ellipsoid(Ellipsoid((3, -2), (12, 8, 10), tilt_deg=30), 2.0)
    assert canvas.image.sum() / 2.0 == pytest.approx(np.pi * 12 * 8, rel=0.02)
    assert canvas.image.max() == pytest.approx(2.0)


def test_pair_of_ellipsoids_is_symmetric_and_leaves_the_midline():
    u, v = grid()
    w = np.arange(-20, 21, dtype=np.float32)[:, None, None]
    canvas = Canvas.blank(u, v, w, 1.0)
    canvas.paint_ellipsoid(Ellipsoid((0, 0), (6, 6, 4), lateral_mm=10), 1.0)
    assert np.array_equal(canvas.image, canvas.image[::-1])
    assert canvas.image[20].max() == 0
    assert canvas.image[30].max() == 1
    assert canvas.image[10].max() == 1


def test_smoothstep_rises_between_its_bounds():
    field = np.array([-1, 0, 1, 2, 3], dtype=np.float32)
    assert smoothstep(field, 0, 2).tolist() == [0, 0, 0.5, 1, 1]
