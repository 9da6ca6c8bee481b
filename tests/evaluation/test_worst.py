import numpy as np
from PIL import Image

from callosal.pipelines.evaluation import worst
from callosal.pipelines.evaluation.worst import ANSWER, LEGEND_HEIGHT, MOST_OUTLINES, TRUTH


def circle(radius_mm):
    turn = np.linspace(0, 2 * np.pi, 60)
    return radius_mm * np.stack([np.cos(turn), np.sin(turn)], axis=1)


def test_the_longest_outlines_are_kept():
    contours = [circle(radius) for radius in (1.0, 9.0, 3.0)]
    kept = worst.longest_first(contours)[:2]
    assert [float(c[:, 0].max().round(3)) for c in kept] == [9.0, 3.0]


def test_a_bad_model_gives_a_few_outlines_and_a_legend(monkeypatch, tmp_path):
    mask = np.zeros((240, 240), np.float32)
    mask[110:130, 80:160] = 1
    specks = np.zeros_like(mask)
    specks[::4, ::4] = 1
    monkeypatch.setattr(worst, "segment_slice", lambda *_: (specks, 0.0))
    case = Case(1000 * mask, mask)
    worst.write_worst(tmp_path / "worst.png", None, [case], [Measured(0.01)])
    with Image.open(tmp_path / "worst.png") as sheet:
        pixels = np.asarray(sheet.convert("RGB")).astype(int)
    legend, tile = pixels[:LEGEND_HEIGHT], pixels[LEGEND_HEIGHT:]
    for colour in (TRUTH, ANSWER):
        assert (np.abs(legend - colour).max(axis=-1) < 10).sum() > 50
    drawn = (np.abs(tile - ANSWER).max(axis=-1) < 10).sum()
    assert 0 < drawn < MOST_OUTLINES * 40


class Case:
    """A slice with its mask, as `LabelledSlice` has them."""

    name, site, spacing_mm = "sub-1", "site", (0.5, 0.5)

    def __init__(self, image, mask):
        self.image, self.mask = image, mask


class Measured:
    """The one measure that decides which cases are drawn."""

    def __init__(self, dice):
        self.dice = dice
