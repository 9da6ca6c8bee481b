import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.phantom import Arch, arch_phantom
from callosal.pipelines.phantom.arch import pixel_axes_mm
from callosal.pipelines.phantom.reference_pose import measured_box_and_line


def plane(pixels, spacing_mm):
    return SliceImage(
        pixels, spacing_mm, np.zeros(3), np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, -1.0])
    )


@settings(max_examples=15, deadline=None)
@given(
    tilt=st.floats(-80, 80),
    thickness=st.floats(4, 10),
    row_mm=st.floats(0.5, 1.5),
    column_mm=st.floats(0.5, 1.5),
)
def test_coverage_sums_to_the_exact_area(tilt, thickness, row_mm, column_mm):
    arch = Arch(80.0, thickness, 55.0, tilt, (3.2, -4.7))
    shape = (round(120 / row_mm), round(120 / column_mm))
    coverage = arch_phantom(arch, shape, (row_mm, column_mm))
    assert coverage.dtype == np.float32
    assert coverage.sum() * row_mm * column_mm == pytest.approx(arch.area_mm2, rel=2e-3)


@pytest.mark.parametrize("tilt", [-37.0, -5.0, 0.0, 12.5, 44.0])
@pytest.mark.parametrize("spacing_mm", [(0.5, 0.5), (1.0, 1.0), (0.7, 1.4)])
def test_box_and_line_of_the_map_are_those_of_the_arch(tilt, spacing_mm):
    arch = Arch(90.0, 6.0, 60.0, tilt, (5.0, 8.0))
    shape = (round(160 / spacing_mm[0]), round(160 / spacing_mm[1]))
    coverage = arch_phantom(arch, shape, spacing_mm)
    box, line = measured_box_and_line(coverage, plane(coverage, spacing_mm))
    assert box.angle_deg == pytest.approx(tilt, abs=0.3)
    assert line.angle_deg == pytest.approx(tilt, abs=0.3)
    assert box.center_mm == pytest.approx(arch.center_mm, abs=0.25)
    assert box.size_mm == pytest.approx(arch.box_size_mm, abs=0.4)
    start, end = arch.line_mm
    assert line.start_mm == pytest.approx(start, abs=1.2)
    assert line.end_mm == pytest.approx(end, abs=1.2)


def test_positive_tilt_lifts_the_anterior_end():
    start, end = Arch(tilt_deg=20.0).line_mm
    assert start[0] > end[0]
    assert start[1] > end[1]
    coverage = arch_phantom(Arch(tilt_deg=20.0), (128, 128), (1.0, 1.0))
    anterior, posterior = coverage[:, :64], coverage[:, 64:]
    rows = np.arange(128)
    assert (anterior.sum(1) @ rows) / anterior.sum() < (posterior.sum(1) @ rows) / posterior.sum()


def test_distance_is_half_the_thickness_on_the_centre_line():
    arch = Arch(90.0, 6.0, 60.0)
    apex = arch.box_size_mm[1] / 2 - 3.0
    assert arch.signed_distance_mm(np.array(0.0), np.array(apex)) == pytest.approx(-3.0)
    tip = math.hypot(*(arch.line_mm[0]))
    assert tip > 30


def test_axes_follow_the_slice_frame():
    x, y = pixel_axes_mm((3, 5), (2.0, 1.0))
    assert x.tolist() == [[2.0, 1.0, 0.0, -1.0, -2.0]]
    assert y.ravel().tolist() == [2.0, 0.0, -2.0]
