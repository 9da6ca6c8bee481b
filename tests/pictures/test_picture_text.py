import numpy as np
from PIL import Image, ImageDraw

from callosal.pipelines.pictures.picture_text import MINUS, SQUARED, text_width, write


def written(text, **how):
    page = Image.new("L", (200, 40))
    write(ImageDraw.Draw(page), (10, 20), text, 20, 255, **how)
    return np.asarray(page) > 100


def test_a_minus_is_one_flat_bar_in_the_middle_of_the_line():
    rows, columns = np.nonzero(written(MINUS))
    assert np.ptp(rows) <= 2
    assert 17 <= rows.mean() <= 23
    assert 6 <= np.ptp(columns) <= text_width(MINUS, 20)


def test_what_follows_a_minus_stands_clear_of_it():
    one, two = written("5"), written(f"{MINUS}5")
    shift = round(text_width(MINUS, 20))
    assert np.array_equal(two[:, 10 + shift :], one[:, 10:-shift])


def test_a_raised_two_is_small_and_high():
    base, raised = np.nonzero(written("2"))[0], np.nonzero(written(SQUARED))[0]
    assert np.ptp(raised) < 0.75 * np.ptp(base)
    assert raised.mean() < base.mean() - 2


def test_no_sign_that_the_pages_use_is_drawn_as_the_box_of_a_missing_letter():
    box = written("\uffff")
    for sign in (MINUS, SQUARED, "\N{DEGREE SIGN}"):
        assert not np.array_equal(written(sign), box)
