import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from callosal.pipelines.training.pair_bank import REACH_MM
from callosal.pipelines.training.pair_view import (
    WindowSettings,
    cut_windows,
    plain_placement,
    random_placement,
)

VIEW = WindowSettings(spacing_mm=1.0, shape=(48, 64), finer=2)


def _disc(center_mm: tuple[float, float], radius_mm: float) -> tuple[Tensor, Tensor]:
    """Image and signed distances of a disc on a bank of 0.5 mm."""
    axis = (torch.arange(256) - 127.5) * 0.5
    distance = radius_mm - torch.hypot(axis[None] - center_mm[0], axis[:, None] - center_mm[1])
    return (distance > 0).float()[None], distance.clamp(-REACH_MM, REACH_MM)[None]


def _center_px(mask: Tensor) -> tuple[float, float]:
    rows, columns = torch.nonzero(mask > 0, as_tuple=True)
    return float(columns.float().mean()), float(rows.float().mean())


def test_the_callosum_is_centred() -> None:
    images, distances = _disc((14, -9), 8)
    placement = plain_placement(torch.tensor([[14.0, -9.0]]), VIEW)
    image, mask = cut_windows(images, distances, placement, VIEW)[0]
    assert image.shape == (48, 64)
    assert _center_px(mask) == pytest.approx((31.5, 23.5), abs=0.1)
    assert (mask > 0).sum() == pytest.approx(math.pi * 64, rel=0.05)
    assert image.min() == pytest.approx(-1, abs=1e-3)
    assert image.max() == pytest.approx(1)


def test_distances_follow_the_zoom() -> None:
    images, distances = _disc((0, 0), 8)
    one = torch.ones(1)
    plain = replace(plain_placement(torch.zeros(1, 2), VIEW), zoom=0.8 * one)
    mask = cut_windows(images, distances, plain, VIEW)[0, 1]
    assert (mask > 0).sum() == pytest.approx(math.pi * 100, rel=0.03)
    # The centre pixel lies 0.7 mm from the middle of a disc whose radius shows as 10 mm.
    assert torch.atanh(mask[24, 32]) * VIEW.sdf_scale_mm == pytest.approx(10 - 0.71, abs=0.2)


def test_a_turn_moves_what_lies_aside() -> None:
    images, distances = _disc((12, 0), 4)
    plain = plain_placement(torch.zeros(1, 2), VIEW)
    turned = replace(plain, angle_rad=torch.tensor([math.pi / 2]))
    mask = cut_windows(images, distances, turned, VIEW)[0, 1]
    assert _center_px(mask) == pytest.approx((31.5, 23.5 - 12), abs=0.2)


def test_outside_the_slice_is_air_far_from_the_callosum() -> None:
    images, distances = _disc((0, 0), 8)
    plain = plain_placement(torch.zeros(1, 2), VIEW)
    aside = replace(plain, center_mm=torch.tensor([[60.0, 0.0]]))
    image, mask = cut_windows(images, distances, aside, VIEW)[0]
    assert (image[:, 40:] < -0.99).all()
    assert (mask[:, 40:] < -0.99).all()


def test_random_windows_stay_in_their_ranges_and_repeat_with_the_seed() -> None:
    centers = torch.zeros(500, 2)
    first, again = (
        random_placement(centers, VIEW, torch.Generator().manual_seed(2)) for _ in range(2)
    )
    torch.testing.assert_close(first.zoom, again.zoom, atol=0, rtol=0)
    assert first.center_mm.abs().max() <= VIEW.shift_mm
    assert 0.9 * VIEW.angle_deg < math.degrees(first.angle_rad.abs().max()) <= VIEW.angle_deg
    assert first.gamma.log().abs().max() <= VIEW.log_gamma


def test_a_bend_moves_image_and_mask_alike() -> None:
    images, distances = _disc((0, 0), 8)
    plain = plain_placement(torch.zeros(1, 2), VIEW)
    knots = torch.zeros_like(plain.bend_mm)
    knots[:, 0] = 5.0  # all knots alike: a shift along the row
    image, mask = cut_windows(images, distances, replace(plain, bend_mm=knots), VIEW)[0]
    assert _center_px(mask) == pytest.approx((31.5 - 5, 23.5), abs=0.2)
    assert _center_px(image) == pytest.approx(_center_px(mask), abs=0.2)


def test_bent_windows_differ_and_straight_ones_draw_nothing_more() -> None:
    images, distances = _disc((0, 0), 8)
    drawn = {}
    for bend_mm in (0.0, 2.0):
        view = replace(VIEW, bend_mm=bend_mm)
        generator = torch.Generator().manual_seed(3)
        placement = random_placement(torch.zeros(200, 2), view, generator)
        drawn[bend_mm] = placement
    torch.testing.assert_close(drawn[0.0].zoom, drawn[2.0].zoom, atol=0, rtol=0)
    assert not drawn[0.0].bend_mm.any()
    assert drawn[2.0].bend_mm.std() == pytest.approx(2.0, rel=0.05)
    straight, bent = (
        cut_windows(images, distances, plain_placement(torch.zeros(1, 2), VIEW), VIEW)[0, 1],
        cut_windows(
            images,
            distances,
            replace(plain_placement(torch.zeros(1, 2), VIEW), bend_mm=drawn[2.0].bend_mm[:1]),
            VIEW,
        )[0, 1],
    )
    assert (straight - bent).abs().max() > 0.1


@pytest.mark.parametrize("bend_mm", [-1.0, 6.0])
def test_bends_out_of_range_are_refused(bend_mm: float) -> None:
    with pytest.raises(ValueError, match="bend_mm must lie between 0 and 5"):
        replace(VIEW, bend_mm=bend_mm)


@pytest.mark.parametrize("shape", [(60, 64), (8, 8)])
def test_odd_shapes_are_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="multiples of 8"):
        WindowSettings(shape=shape)
