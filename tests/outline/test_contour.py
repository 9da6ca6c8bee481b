import time

import numpy as np
import pytest

from callosal.models.errors import GeometryError
from callosal.pipelines.geometry import polygon
from callosal.pipelines.geometry.fusion import fuse
from callosal.pipelines.geometry.plane_angles import axis_difference_deg
from callosal.pipelines.geometry.reference_line import find_reference_line
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.outline.contour import (
    callosum_component,
    callosum_contour_mm,
    find_contours_mm,
)
from callosal.pipelines.outline.smooth import smooth_contour_mm
from callosal.pipelines.phantom.arch import Arch, arch_phantom
from callosal.pipelines.settings import FusionSettings

SPACINGS_MM = [(0.4, 0.4), (0.7, 0.7), (1.0, 1.0), (1.25, 1.25), (1.5, 1.5), (0.5, 1.2)]


def plane(shape, spacing_mm=(1.0, 1.0)):
    return SliceImage(
        np.zeros(shape, np.float32),
        spacing_mm,
        np.zeros(3),
        np.array([0.0, 1.0, 0.0]),
        np.array([0.0, 0.0, -1.0]),
    )


def arch_map(arch, spacing_mm):
    shape = (round(140 / spacing_mm[0]), round(140 / spacing_mm[1]))
    return arch_phantom(arch, shape, spacing_mm), plane(shape, spacing_mm)


def pose_errors(arch, spacing_mm):
    probability, slice_image = arch_map(arch, spacing_mm)
    contour = smooth_contour_mm(callosum_contour_mm(probability, slice_image))
    box = RotatedBox.around(contour)
    line = find_reference_line("subcallosal", contour, box)
    final = fuse(box, line, FusionSettings()).roi
    center = (np.array(arch.center_mm) + np.mean(arch.line_mm, axis=0)) / 2
    return (
        axis_difference_deg(box.angle_deg, arch.tilt_deg),
        axis_difference_deg(final.angle_deg, arch.tilt_deg),
        np.linalg.norm(final.center_mm - center),
        polygon.area_mm2(contour) / arch.area_mm2 - 1,
    )


@pytest.mark.parametrize("spacing_mm", SPACINGS_MM)
def test_pose_and_area_do_not_depend_on_the_pixel_grid(spacing_mm):
    rng = np.random.default_rng(5)
    errors = np.array(
        [
            pose_errors(
                Arch(85.0, 7.0, 55.0, rng.uniform(-60, 60), tuple(rng.uniform(-6, 6, 2))),
                spacing_mm,
            )
            for _ in range(12)
        ]
    )
    worst_box, worst_final, worst_center, worst_area = np.abs(errors).max(axis=0)
    assert max(worst_box, worst_final) < 0.1
    assert worst_center < 0.1
    assert worst_area < 0.002


@pytest.mark.parametrize("size", [256, 384, 512])
def test_the_same_image_in_more_pixels_gives_the_same_pose(size):
    arch = Arch(85.0, 7.0, 55.0, -5.77, (-5.1, 6.7))
    spacing = 240 / size
    probability = arch_phantom(arch, (size, size), (spacing, spacing))
    contour = smooth_contour_mm(
        callosum_contour_mm(probability, plane((size, size), (spacing, spacing)))
    )
    box = RotatedBox.around(contour)
    assert box.angle_deg == pytest.approx(-5.77, abs=0.1)
    np.testing.assert_allclose(box.center_mm, arch.center_mm, atol=0.2)


def test_a_steep_edge_is_found_between_the_pixels():
    ramp = np.clip(np.arange(10)[None, :] / 4 - 0.6, 0, 1) * np.ones((10, 1))
    (contour,) = find_contours_mm(ramp, plane((10, 10), (0.5, 0.5)))
    assert contour[:, 0].max() == pytest.approx((4.5 - 4.4) * 0.5, abs=1e-9)


def test_outer_outlines_are_counter_clockwise_and_holes_clockwise():
    mask = np.zeros((20, 20), np.uint8)
    mask[4:16, 4:16] = 1
    mask[9:11, 9:11] = 0
    areas = [polygon.area_mm2(c) for c in find_contours_mm(mask, plane((20, 20)))]
    assert areas[0] > 0 > areas[1]
    assert len(areas) == 2


def test_an_object_that_leaves_the_image_is_closed_at_its_edge():
    mask = np.zeros((20, 20))
    mask[:, :6] = 1
    (contour,) = find_contours_mm(mask, plane((20, 20), (0.5, 0.5)))
    assert polygon.area_mm2(contour) == pytest.approx(30, rel=0.02)


def test_the_callosum_is_the_largest_piece_that_can_be_one():
    probability, slice_image = arch_map(Arch(80.0, 6.0), (1.0, 1.0))
    speck = probability.copy()
    speck[100:106, 20:26] = 1.0
    kept = callosum_component(speck, slice_image)
    np.testing.assert_array_equal(kept, probability)
    with_skull = speck.copy()
    with_skull[[0, -1]] = with_skull[:, [0, -1]] = 1.0
    with_skull[:6] = 1.0  # larger than the arch, but too long
    np.testing.assert_array_equal(callosum_component(with_skull, slice_image), probability)


def test_the_chosen_piece_keeps_its_soft_border():
    probability, slice_image = arch_map(Arch(80.0, 6.0), (1.0, 1.0))
    kept = callosum_component(probability, slice_image)
    assert ((kept > 0) & (kept < 0.5)).sum() > 50


@pytest.mark.parametrize(
    ("probability", "code"),
    [
        (np.zeros((9, 9)), "empty_mask"),
        (np.full((9, 9), np.nan), "not_finite"),
        (np.zeros((9, 8)), "shape_mismatch"),
    ],
)
def test_maps_without_a_callosum_are_refused(probability, code):
    for function in (callosum_component, find_contours_mm, callosum_contour_mm):
        with pytest.raises(GeometryError) as caught:
            function(probability, plane((9, 9)))
        assert caught.value.code == code


def test_outline_box_and_line_of_a_slice_take_milliseconds():
    probability, slice_image = arch_map(Arch(80.0, 6.0), (0.5, 0.5))
    seconds = []
    for _ in range(5):
        start = time.thread_time()
        contour = smooth_contour_mm(callosum_contour_mm(probability, slice_image))
        find_reference_line("subcallosal", contour, RotatedBox.around(contour))
        seconds.append(time.thread_time() - start)
    assert min(seconds) < 0.05
