import numpy as np
import pytest

from callosal.pipelines.geometry import polygon
from callosal.pipelines.geometry.plane_angles import axis_difference_deg
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.outline.contour import callosum_component, callosum_contour_mm
from callosal.pipelines.outline.joined import joined
from callosal.pipelines.outline.smooth import smooth_contour_mm
from callosal.pipelines.phantom.arch import Arch, arch_phantom

ARCH = Arch(85.0, 5.0, 55.0, -8.0, (2.0, 3.0))
SPACING_MM = (0.5, 0.5)
SHAPE = (280, 280)


def plane():
    axes = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, -1.0])
    return SliceImage(np.zeros(SHAPE, np.float32), SPACING_MM, np.zeros(3), *axes)


def broken_arch(ridge, gap_mm=5.0):
    """An arch whose map falls to `ridge` over a gap behind its middle."""
    whole = np.asarray(arch_phantom(ARCH, SHAPE, SPACING_MM), dtype=float)
    columns = np.arange(SHAPE[1]) * SPACING_MM[1]
    inside = np.abs(columns - columns[SHAPE[1] // 2] - 15.0) < gap_mm / 2
    return whole, np.where(inside[None, :], whole * ridge, whole)


@pytest.mark.parametrize("ridge", [0.05, 0.1, 0.25, 0.35, 0.48])
def test_pieces_with_a_ridge_between_them_are_one_callosum(ridge):
    whole, broken = broken_arch(ridge)
    contour = smooth_contour_mm(callosum_contour_mm(broken, plane()))
    assert polygon.area_mm2(contour) == pytest.approx(ARCH.area_mm2, rel=0.02)
    angle_deg = RotatedBox.around(contour).angle_deg
    assert abs(axis_difference_deg(angle_deg, ARCH.tilt_deg)) < 0.2
    mask, truth = callosum_component(broken, plane()) >= 0.5, whole >= 0.5
    assert 2 * (mask & truth).sum() / (mask.sum() + truth.sum()) > 0.98


@pytest.mark.parametrize("ridge", [0.0, 0.01, 0.015])
def test_pieces_with_less_than_a_ridge_stay_apart(ridge):
    whole, broken = broken_arch(ridge)
    assert joined(broken, SPACING_MM, 0.5) is broken
    mask = callosum_component(broken, plane()) >= 0.5
    assert mask.sum() < 0.8 * (whole >= 0.5).sum()


def test_pieces_far_apart_stay_apart():
    _, broken = broken_arch(0.4, gap_mm=16.0)
    np.testing.assert_array_equal(joined(broken, SPACING_MM, 0.5), broken)


def test_specks_are_not_joined():
    whole, _ = broken_arch(1.0)
    speck = whole.copy()
    rows = np.flatnonzero(whole[:, 140] >= 0.5)
    speck[rows[0] - 8 : rows[0] - 4, 138:142] = 1.0  # 4 mm2
    speck[rows[0] - 4 : rows[0], 138:142] = 0.4
    assert joined(speck, SPACING_MM, 0.5) is speck


def test_what_lies_beside_the_gap_keeps_its_values():
    _, broken = broken_arch(0.3)
    changed = joined(broken, SPACING_MM, 0.5) != broken
    columns = np.flatnonzero(changed.any(axis=0)) * SPACING_MM[1]
    assert changed.any()
    assert np.ptp(columns) < 5.0 + 2 * 3.0


def test_a_larger_object_elsewhere_does_not_hinder_the_joining():
    _, broken = broken_arch(0.4)
    skull = broken.copy()
    skull[:30] = 1.0
    expected = callosum_component(broken, plane())
    np.testing.assert_array_equal(callosum_component(skull, plane())[40:], expected[40:])


def test_a_mask_of_zeros_and_ones_is_left_alone():
    _, broken = broken_arch(0.0)
    mask = (broken >= 0.5).astype(float)
    assert joined(mask, SPACING_MM, 0.5) is mask
