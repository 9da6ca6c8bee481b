import io

import numpy as np
from PIL import Image

from callosal.pipelines.pictures.overlay import BOX, FINAL, LINE, OUTLINE
from callosal.pipelines.pictures.thumbnail import SIZE, thumbnail_bytes
from tests.report.made_run import drawn_overlay


def test_every_line_of_the_overlay_is_seen_in_the_small_picture():
    content = thumbnail_bytes(drawn_overlay(0))
    picture = Image.open(io.BytesIO(content))
    pixels = np.asarray(picture.convert("RGB")).astype(int)
    assert picture.size == SIZE
    assert len(content) < 9000
    for pen in (OUTLINE, BOX, LINE, FINAL):
        assert (np.abs(pixels - pen.color).max(axis=-1) < 60).sum() > 40, pen.label


def test_the_legend_is_left_out():
    overlay = drawn_overlay(0).copy()
    overlay.paste((255, 0, 255), (0, 720, 840, 784))
    assert thumbnail_bytes(overlay) == thumbnail_bytes(drawn_overlay(0))
