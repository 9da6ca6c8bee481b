import numpy as np
import pytest
from PIL import Image

from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.fusion import fuse
from callosal.pipelines.geometry.reference_line import find_reference_line
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.outline.contour import callosum_contour_mm
from callosal.pipelines.phantom.arch import Arch, arch_phantom
from callosal.pipelines.pictures.overlay import (
    BOX,
    FINAL,
    LINE,
    MAX_REACH_MM,
    OUTLINE,
    PIXELS_PER_MM,
    REACH_SHARE,
    UNSURE_REACH_MM,
    WINDOW_MM,
    BrainLineDrawn,
    draw_overlay,
)
from callosal.pipelines.settings import FusionSettings


def parts(tilt=-12.0, spacing_mm=(0.5, 1.2)):
    arch = Arch(85.0, 7.0, 55.0, tilt, (6.0, -9.0))
    shape = (round(260 / spacing_mm[0]), round(260 / spacing_mm[1]))
    probability = arch_phantom(arch, shape, spacing_mm)
    slice_image = SliceImage(
        100 * probability, spacing_mm, np.zeros(3), np.eye(3)[1], -np.eye(3)[2]
    )
    contour = callosum_contour_mm(probability, slice_image)
    box = RotatedBox.around(contour)
    return slice_image, contour, box, find_reference_line("subcallosal", contour, box)


def drawn_at(picture, box, point_mm, color, reach=3):
    """Whether a pixel of nearly that colour lies near a point of the slice."""
    x = (box.center_mm[0] - point_mm[0] + WINDOW_MM[0] / 2) * PIXELS_PER_MM
    y = (box.center_mm[1] - point_mm[1] + WINDOW_MM[1] / 2) * PIXELS_PER_MM
    rows = slice(round(y) - reach, round(y) + reach + 1)
    columns = slice(round(x) - reach, round(x) + reach + 1)
    near = np.asarray(picture)[rows, columns].astype(int)
    return bool((np.abs(near - color).max(axis=-1) < 40).any())


def test_every_part_is_drawn_in_its_place_in_its_colour():
    slice_image, contour, box, line = parts()
    final = fuse(box, line, FusionSettings()).roi
    picture = draw_overlay(slice_image, [contour], box, line, final, "ok 0.97")
    middle = RotatedBox(
        tuple((contour.min(axis=0) + contour.max(axis=0)) / 2), (1, 1), 0
    )  # the window's
    assert drawn_at(picture, middle, line.center_mm, LINE.color)
    assert drawn_at(picture, middle, contour[len(contour) // 3], OUTLINE.color)
    assert drawn_at(picture, middle, final.corners_mm[2], FINAL.color)
    assert drawn_at(picture, middle, final.from_frame_mm((5, 0)), FINAL.color)
    assert drawn_at(picture, middle, box.corners_mm[0], BOX.color, reach=20)
    assert not drawn_at(picture, middle, final.from_frame_mm((0, 30)), FINAL.color)


def test_the_picture_shows_a_window_around_the_callosum_only():
    slice_image, contour, box, line = parts()
    marked = slice_image.pixels.copy()
    far = slice_image.mm_to_pixels([(95.0, -70.0)]).round().astype(int)[0]
    marked[far[0] - 20 : far[0] + 20, far[1] - 8 : far[1] + 8] = 5000.0
    other = SliceImage(marked, (0.5, 1.2), np.zeros(3), np.eye(3)[1], -np.eye(3)[2])
    pictures = [draw_overlay(s, [contour], box, line, None, "") for s in (slice_image, other)]
    assert np.array_equal(*map(np.asarray, pictures))
    assert pictures[0].size == (840, 784)


def test_only_the_caption_and_the_angle_change_the_legend():
    slice_image, contour, box, line = parts()
    final = fuse(box, line, FusionSettings()).roi
    one = np.asarray(draw_overlay(slice_image, [contour], box, line, final, "ok 0.97"))
    two = np.asarray(draw_overlay(slice_image, [contour], box, line, final, "low_confidence 0.2"))
    assert np.array_equal(one[:720], two[:720])
    assert not np.array_equal(one[720:], two[720:])


def test_a_mask_alone_and_a_dark_slice_can_be_drawn():
    slice_image, contour, _, _ = parts()
    dark = SliceImage(
        np.zeros_like(slice_image.pixels), (0.5, 1.2), np.zeros(3), np.eye(3)[1], -np.eye(3)[2]
    )
    picture = draw_overlay(dark, [contour], None, None, None, "low_confidence 0.1")
    assert isinstance(picture, Image.Image)
    assert picture.mode == "RGB"


def test_without_an_outline_nothing_is_shown():
    slice_image, _, box, line = parts()
    with pytest.raises(GeometryError) as caught:
        draw_overlay(slice_image, [], box, line, None, "")
    assert caught.value.code == "empty_mask"


def shown_mm(picture, contour, slice_image):
    """How far from the outline anything of the slice is seen, in mm; letters are white."""
    window = np.asarray(picture)[: round(WINDOW_MM[1] * PIXELS_PER_MM)].astype(int)
    middle = (contour.min(axis=0) + contour.max(axis=0)) / 2
    is_slice = (window.max(axis=-1) - window.min(axis=-1) < 5) & (window[..., 0] > 0)
    is_slice &= window[..., 0] < 250
    rows, columns = np.nonzero(is_slice[40:-70, 40:-40])
    x = middle[0] + WINDOW_MM[0] / 2 - (columns + 40.5) / PIXELS_PER_MM
    y = middle[1] + WINDOW_MM[1] / 2 - (rows + 40.5) / PIXELS_PER_MM
    away = [np.hypot(x - px, y - py) for px, py in contour[::4]]
    return float(np.min(away, axis=0).max())


def test_nothing_is_shown_far_from_the_callosum_whatever_lies_there():
    slice_image, contour, box, line = parts()
    final = fuse(box, line, FusionSettings()).roi
    head = SliceImage(
        np.full_like(slice_image.pixels, 30.0) + 0.5 * slice_image.pixels,
        (0.5, 1.2), np.zeros(3), np.eye(3)[1], -np.eye(3)[2],
    )  # fmt: skip
    head.pixels[::2] += 10.0
    sure = draw_overlay(head, [contour], box, line, final, "ok 0.97")
    reach = min(MAX_REACH_MM, REACH_SHARE * box.size_mm[0])
    assert reach - 4 < shown_mm(sure, contour, head) < reach + 2
    unsure = draw_overlay(head, [contour], box, None, None, "no_callosum 0.02")
    assert UNSURE_REACH_MM - 4 < shown_mm(unsure, contour, head) < UNSURE_REACH_MM + 2


def test_bright_scalp_beyond_what_is_shown_does_not_darken_the_brain():
    slice_image, contour, box, line = parts()
    final = fuse(box, line, FusionSettings()).roi
    scalp = slice_image.pixels.copy()
    top = slice_image.mm_to_pixels([(0.0, contour[:, 1].max() + MAX_REACH_MM + 6)])[0]
    scalp[: round(float(top[0]))] = 20 * slice_image.pixels.max()
    bright = SliceImage(scalp, (0.5, 1.2), np.zeros(3), np.eye(3)[1], -np.eye(3)[2])
    pictures = [draw_overlay(s, [contour], box, line, final, "") for s in (slice_image, bright)]
    assert np.array_equal(*map(np.asarray, pictures))


def test_the_error_bar_is_a_band_about_the_axis():
    slice_image, contour, box, line = parts()
    final = fuse(box, line, FusionSettings()).roi
    plain, wide, wider = (
        np.asarray(draw_overlay(slice_image, [contour], box, line, final, "", None, angle95_deg))
        for angle95_deg in (None, 3.0, 6.0)
    )
    changed = [(one[:700] != plain[:700]).any(axis=-1) for one in (wide, wider)]
    assert 1.7 < changed[1].sum() / changed[0].sum() < 2.3
    rows, columns = np.nonzero(changed[1])
    middle = (contour.min(axis=0) + contour.max(axis=0)) / 2
    x = middle[0] - columns / PIXELS_PER_MM + WINDOW_MM[0] / 2 - final.center_mm[0]
    y = middle[1] - rows / PIXELS_PER_MM + WINDOW_MM[1] / 2 - final.center_mm[1]
    turn = np.degrees(np.arctan(y / x)) - final.angle_deg
    far = np.hypot(x, y) > 10
    assert np.abs(turn[far]).max() < 6.0 + 1.0
    # The bar is written beside the angle.
    assert (wide[720:] != plain[720:]).any()


def test_the_legend_names_what_is_drawn_and_nothing_else():
    slice_image, contour, box, line = parts()
    final = fuse(box, line, FusionSettings()).roi
    with_pose = np.asarray(draw_overlay(slice_image, [contour], box, line, final, ""))[720:]
    without = np.asarray(draw_overlay(slice_image, [contour], box, None, None, ""))[720:]
    for pen, is_left in ((OUTLINE, True), (BOX, True), (LINE, False), (FINAL, False)):
        assert (with_pose == pen.color).all(axis=-1).any(), pen.label
        assert (without == pen.color).all(axis=-1).any() == is_left, pen.label


def test_the_longest_line_of_a_protocol_fits_into_the_legend_with_a_true_minus():
    slice_image, contour, box, line = parts()
    final = fuse(box, line, FusionSettings()).roi

    def legend(label):
        drawn = BrainLineDrawn(label, (0.0, -20.0), -12.3, False)
        picture = draw_overlay(slice_image, [contour], box, line, final, "", drawn)
        return np.asarray(picture)[720:]

    shown = legend("hippocampal line \N{MINUS SIGN}12.3\N{DEGREE SIGN} (assumed)")
    assert not shown[30:, -4:].any(), "nothing is cut off at the edge"
    missing = legend("hippocampal line \uffff12.3\N{DEGREE SIGN} (assumed)")
    assert (shown != missing).any()
