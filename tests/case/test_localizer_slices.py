"""Slices of a localizer over its plane: heights, shares, and the picture they make together."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from callosal.pipelines.case.localizer_slices import (
    composed,
    moved_onto,
    slices_on_plane,
)
from callosal.pipelines.geometry.slice_image import SliceImage, on_slice
from callosal.pipelines.midplane.midsagittal import MidsagittalPlane

SIDE = 64
DISTANCE_MM = 12.0


def plane_of(yaw_deg: float) -> MidsagittalPlane:
    """A plane through the origin, turned about the patient's long axis."""
    turn = np.radians(yaw_deg)
    return MidsagittalPlane(
        point_lps_mm=np.zeros(3),
        normal=np.array([-np.cos(turn), -np.sin(turn), 0.0]),
        uncertainty_deg=0.0,
        uncertainty_mm=0.0,
        symmetry=1.0,
        based_on="a test",
        flags=(),
    )


def slices_at(*x_mm: float) -> list[SliceImage]:
    """Slices beside each other; each holds its own place as its value."""
    empty = on_slice(np.zeros((SIDE, SIDE)), (1.0, 1.0))
    return [
        replace(
            empty,
            pixels=np.full((SIDE, SIDE), 100 + x, np.float32),
            center_lps_mm=np.array([x, 0.0, 0.0]),
        )
        for x in x_mm
    ]


def test_heights_over_a_straight_plane_are_the_distances() -> None:
    place = slices_on_plane(slices_at(-4.0, 8.0), plane_of(0.0), 1.0)
    np.testing.assert_allclose(np.abs(place.heights_mm()[0]), 4.0)
    np.testing.assert_allclose(np.abs(place.heights_mm()[1]), 8.0)
    np.testing.assert_allclose(place.nearest_mm(np.ones((SIDE, SIDE), bool)), 4.0)


def test_a_turned_plane_lies_nearest_to_another_slice_at_either_end() -> None:
    slices = slices_at(-6.0, 6.0)
    place = slices_on_plane(slices, plane_of(15.0), 1.0)
    heights_mm = np.abs(place.heights_mm())
    first = heights_mm[0] < heights_mm[1]
    assert first[:, 0].all() != first[:, -1].all()
    everywhere = np.ones(first.shape, bool)
    np.testing.assert_allclose(place.nearest_mm(everywhere), heights_mm.min(axis=0).ravel())
    assert place.nearest_mm(everywhere).max() < 7
    part = (slice(3, 9), slice(5, 6))
    np.testing.assert_allclose(place.shares(2.0, window=part), place.shares(2.0)[:, *part])


def test_shares_add_up_however_far_the_slices() -> None:
    place = slices_on_plane(slices_at(-90.0, 70.0), plane_of(10.0), 1.0)
    shares = place.shares(1.0)
    np.testing.assert_allclose(shares.sum(axis=0), 1.0)
    assert shares[1].min() > 0.99
    trusted = place.shares(60.0, np.array([1.0, 0.2]))
    assert (trusted[0] > place.shares(60.0)[0]).all()


def test_the_picture_of_a_plane_between_two_slices_is_half_of_each() -> None:
    slices = slices_at(-DISTANCE_MM / 2, DISTANCE_MM / 2)
    picture = composed(slices, slices_on_plane(slices, plane_of(0.0), 1.0), 3.0)
    np.testing.assert_allclose(picture.pixels, 100.0, atol=1e-3)


def test_the_picture_of_a_turned_plane_changes_slices_on_the_way() -> None:
    slices = slices_at(0.0, DISTANCE_MM, -DISTANCE_MM)
    picture = composed(slices, slices_on_plane(slices, plane_of(20.0), 1.0), 3.0)
    row = picture.pixels[SIDE // 2]
    assert row[SIDE // 2] == pytest.approx(100.0, abs=1.0)
    assert abs(float(row[-1]) - float(row[0])) > DISTANCE_MM


def test_what_lies_on_the_plane_stays_where_it_is() -> None:
    pixels = np.random.default_rng(3).normal(size=(SIDE, SIDE)).astype(np.float32)
    (one,) = [replace(slices_at(0.0)[0], pixels=pixels)]
    grid = slices_on_plane([one], plane_of(0.0), 1.0).grid
    moved = moved_onto(pixels, one, grid)
    # The middle: the grid may run along the other direction, its border is cut by rounding.
    inner = np.s_[2:-2, 2:-2]
    np.testing.assert_allclose(moved[inner], pixels[inner], atol=1e-4)


def test_slices_far_from_the_plane_are_left_out_of_its_picture() -> None:
    slices = slices_at(2.0, -8.0, 24.0, -40.0)
    place = slices_on_plane(slices, plane_of(5.0), 1.0)
    assert place.near(2.0) == [0, 1]
    moved = [moved_onto(one.pixels, one, place.grid) for one in slices]
    expected = (place.shares(2.0) * moved).sum(axis=0)
    np.testing.assert_allclose(composed(slices, place, 2.0).pixels, expected, rtol=1e-6, atol=1e-4)


def test_samples_are_linear_and_end_at_the_outer_pixels() -> None:
    pixels = np.random.default_rng(4).normal(size=(SIDE, SIDE)).astype(np.float32)
    (one,) = [replace(slices_at(0.0)[0], pixels=pixels)]
    grid = replace(one, center_lps_mm=one.center_lps_mm + np.array([0.0, 3.25, -1.5]))
    expected = ndimage.shift(pixels, (-1.5, -3.25), order=1, cval=0.0)
    np.testing.assert_allclose(moved_onto(pixels, one, grid), expected, atol=1e-5)
