from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from callosal.export.runtime import Segmenter
from callosal.pipelines.callosum.close_views import ANGLES_DEG, look_closely, views
from callosal.pipelines.callosum.quality import SURE
from callosal.pipelines.callosum.segmentation import find_callosa, found_center
from callosal.pipelines.evaluation.network import segment_slice
from callosal.pipelines.geometry.slice_image import on_slice

Picture = NDArray[np.float32]
SIDE = 320  # of a view, in pixels of 0.5 mm


@dataclass
class Network:
    """A made network of half a millimetre that remembers how large its pictures were."""

    answer: Callable[[Picture], Picture]
    sides: list[tuple[int, ...]] = field(default_factory=list)
    contract: Any = field(default_factory=lambda: SimpleNamespace(spacing_mm=0.5))

    def probability(self, images: Picture) -> Picture:
        self.sides.append(images.shape)
        return self.answer(images)


def _segmenter(answer: Callable[[Picture], Picture]) -> tuple[Segmenter, Network]:
    network = Network(answer)
    return cast(Segmenter, network), network


def _smooth_picture() -> Picture:
    noise = np.random.default_rng(0).random((400, 512))
    return ndimage.gaussian_filter(noise, 6).astype(np.float32)


def _ellipse(shape: tuple[int, int], center: tuple[int, int]) -> Picture:
    """An ellipse of 70 x 16 mm: a picture of it, and a map."""
    rows, columns = np.indices(shape)
    inside = ((rows - center[0]) / 16) ** 2 + ((columns - center[1]) / 70) ** 2 < 1
    return inside.astype(np.float32)


def _callosum(shape: tuple[int, int], center: tuple[int, int]) -> Picture:
    """An arch of 76 mm that opens downward, 8 mm thick."""
    rows, columns = np.indices(shape)
    down, along = rows - center[0], columns - center[1]
    outer = (down / 44) ** 2 + (along / 76) ** 2 < 1
    inner = ((down - 2) / 28) ** 2 + (along / 60) ** 2 < 1
    arch = (outer & ~inner & (down < 6)).astype(np.float32)
    return ndimage.gaussian_filter(arch, 1.0)


def _where_bright(images: Picture) -> Picture:
    return ((images - 70) / 25 + 0.5).clip(0, 1)


def test_what_a_perfect_network_says_of_the_views_comes_back_to_its_place():
    picture = _smooth_picture()
    segmenter, _ = _segmenter(lambda images: images)
    (seen,) = look_closely([picture], [picture], [(180, 260)], segmenter)
    window = np.s_[180 - 125 : 180 + 125, 260 - 125 : 260 + 125]
    assert np.abs(seen[window] - picture[window]).max() < 0.02 * picture.std()


def test_outside_of_the_common_square_the_first_map_stays():
    picture = _smooth_picture()
    given = np.full_like(picture, 0.25)
    segmenter, _ = _segmenter(lambda images: images)
    (seen,) = look_closely([picture], [given], [(180, 260)], segmenter)
    rows, columns = np.nonzero(seen != given)
    assert rows.max() - rows.min() + 1 <= 262
    assert columns.max() - columns.min() + 1 <= 262


def test_the_views_are_turned_about_their_middle():
    picture = np.zeros((512, 512), np.float32)
    picture[200, 300 + 100] = 1
    for angle_deg, view in zip(ANGLES_DEG, views(picture, (200, 300), SIDE), strict=True):
        row, column = np.unravel_index(np.argmax(view.pixels), view.pixels.shape)
        turned = np.rad2deg(np.arctan2(row - SIDE // 2, column - SIDE // 2))
        assert turned == pytest.approx(angle_deg, abs=0.5)
        assert np.hypot(row - SIDE // 2, column - SIDE // 2) == pytest.approx(100, abs=1)


def test_beyond_the_slice_a_view_is_dark():
    for view in views(np.ones((400, 400), np.float32), (20, 380), SIDE):
        assert view.pixels[SIDE // 2, SIDE // 2] == pytest.approx(1, abs=1e-5)
        assert view.pixels[0].max() == 0
        assert view.pixels[:, -1].max() == 0


def test_slices_without_a_callosum_and_small_ones_are_seen_once():
    picture, small = _smooth_picture(), np.ones((300, 320), np.float32)
    maps = [np.full_like(picture, 0.1), np.full_like(small, 0.9)]
    segmenter, network = _segmenter(lambda images: images)
    seen = look_closely([picture, small], maps, [None, (150, 160)], segmenter)
    assert [one is given for one, given in zip(seen, maps, strict=True)] == [True, True]
    assert network.sides == []


def test_views_are_never_smaller_than_what_a_network_takes():
    picture = np.ones((80, 80), np.float32)
    segmenter, network = _segmenter(lambda images: images)
    network.contract.spacing_mm = 4.0
    look_closely([picture], [picture], [(40, 40)], segmenter)
    assert network.sides == [(2, 1, 64, 64)]


def test_each_slice_gets_its_own_views():
    pictures = [_smooth_picture(), 2 * _smooth_picture()]
    segmenter, network = _segmenter(lambda images: images)
    nothing = [np.zeros_like(picture) for picture in pictures]
    first, second = look_closely(pictures, nothing, [(180, 260), (180, 260)], segmenter)
    assert network.sides == [(4, 1, SIDE, SIDE)]
    np.testing.assert_allclose(second, 2 * first, rtol=1e-5, atol=1e-6)
    assert first[180, 260] == pytest.approx(pictures[0][180, 260] * 2 / 3, rel=1e-3)


def test_two_close_views_outvote_the_whole_slice():
    picture = _ellipse((480, 512), (220, 250))
    too_thick = ndimage.maximum_filter(picture, 9)
    segmenter, _ = _segmenter(lambda images: images)
    (seen,) = look_closely([picture], [too_thick], [(220, 250)], segmenter)
    assert (seen >= 0.5).sum() == pytest.approx(picture.sum(), rel=0.1)
    assert (too_thick >= 0.5).sum() > 1.3 * picture.sum()


def test_a_slice_is_seen_whole_and_then_closely():
    picture = 100 * _callosum((480, 512), (220, 250)) + 20
    segmenter, network = _segmenter(_where_bright)
    (found,) = find_callosa([on_slice(picture, (0.5, 0.5))], segmenter)
    assert found is not None
    assert network.sides == [(1, 1, 480, 512), (2, 1, SIDE, SIDE)]
    assert found.quality.confidence >= SURE
    probability, _ = segment_slice(segmenter, picture, (0.5, 0.5))
    truth = (picture > 70).sum()
    assert (probability >= 0.5).sum() == pytest.approx(truth, rel=0.05)


@pytest.mark.parametrize("lost", [2, 1])
def test_where_the_closer_look_ends_in_doubt_the_whole_slice_counts(lost: int):
    picture = 100 * _callosum((480, 512), (220, 250)) + 20

    def answer(images: Picture) -> Picture:
        answers = _where_bright(images)
        if images.shape[-1] == SIDE:
            # Half of the callosum is not seen closely.
            answers[:lost, :, :, : SIDE // 2] = 0
        return answers

    segmenter, _ = _segmenter(answer)
    (found,) = find_callosa([on_slice(picture, (0.5, 0.5))], segmenter)
    assert found is not None
    assert found.quality.confidence >= SURE
    assert found.mask.sum() == pytest.approx((picture > 70).sum(), rel=0.05)


def test_a_callosum_as_dark_as_air_and_an_empty_slice_have_nowhere_to_look():
    arch = _ellipse((400, 400), (150, 190))
    head = np.pad(np.ones((360, 360)), 20)
    bright, dark, airy = (
        on_slice(head * (0.1 + level * arch + (1 - arch)), (0.5, 0.5)) for level in (3.0, 0.4, 0.0)
    )
    assert found_center(arch, bright) == (150, 190)
    assert found_center(arch, dark) == (150, 190)
    assert found_center(arch, airy) is None
    assert found_center(np.zeros_like(arch), bright) is None
