"""A picture of the ten worst cases, to see whether model or reference is wrong."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from callosal.export.runtime import Segmenter
from callosal.pipelines.datasets.slice_bank import LabelledSlice
from callosal.pipelines.evaluation.measures import CaseMeasures
from callosal.pipelines.evaluation.network import segment_slice
from callosal.pipelines.geometry.slice_image import SliceImage, on_slice
from callosal.pipelines.outline.contour import find_contours_mm

TRUTH, ANSWER = (0, 158, 115), (230, 159, 0)
_WHITE = (255, 255, 255)
TILE_MM = (64.0, 100.0)
PIXELS_PER_MM = 4
LEGEND_HEIGHT = 28
MOST_OUTLINES = 12
"""Most outlines drawn of one mask, longest first, because specks of a bad model would be a mesh."""


def write_worst(
    path: Path,
    segmenter: Segmenter,
    cases: Sequence[LabelledSlice],
    measures: Sequence[CaseMeasures],
    count: int = 10,
) -> None:
    """Draw the cases of lowest Dice, worst first, two in a row, below a legend of the colours."""
    worst = sorted(range(len(cases)), key=lambda index: measures[index].dice)[:count]
    tiles = [_tile(segmenter, cases[index], measures[index].dice) for index in worst]
    width, height = tiles[0].size
    sheet = Image.new("RGB", (2 * width, LEGEND_HEIGHT + (len(tiles) + 1) // 2 * height))
    _write_legend(ImageDraw.Draw(sheet))
    for index, tile in enumerate(tiles):
        sheet.paste(tile, (index % 2 * width, LEGEND_HEIGHT + index // 2 * height))
    sheet.save(path)


def _tile(segmenter: Segmenter, case: LabelledSlice, dice: float) -> Image.Image:
    """The surroundings of the reference mask with both outlines."""
    place = on_slice(case.image, case.spacing_mm)
    probability, _ = segment_slice(segmenter, case.image, case.spacing_mm)
    truth = find_contours_mm(case.mask, place)
    center = truth[0].mean(axis=0)
    picture = _window(place, center)
    pen = ImageDraw.Draw(picture)
    answer = find_contours_mm(probability, place) if (probability >= 0.5).any() else []
    answer = [contour for contour in answer if _is_on_tile(contour, center)]
    for contours, colour in ((truth, TRUTH), (answer, ANSWER)):
        for contour in longest_first(contours)[:MOST_OUTLINES]:
            points = _on_tile(contour, center)
            pen.line([tuple(point) for point in [*points, points[0]]], fill=colour, width=1)
    hidden = max(len(answer) - MOST_OUTLINES, 0)
    rest = f", {hidden} smaller outlines not drawn" if hidden else ""
    pen.text((4, 4), f"{case.name} {case.site} Dice {dice:.3f}{rest}", _WHITE, stroke_width=2,
             stroke_fill=0)  # fmt: skip
    return picture


def longest_first(contours: Sequence[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Outlines by their length, the longest first."""

    def way_mm(contour: NDArray[np.float64]) -> float:
        return float(np.linalg.norm(np.diff(contour, axis=0), axis=1).sum())

    return sorted(contours, key=way_mm, reverse=True)


def _write_legend(pen: ImageDraw.ImageDraw) -> None:
    font, x, y = ImageFont.load_default(16), 8.0, LEGEND_HEIGHT / 2
    for colour, text in ((TRUTH, "reference mask"), (ANSWER, "the model's mask")):
        pen.line([(x, y), (x + 28, y)], fill=colour, width=3)
        pen.text((x + 36, y), text, _WHITE, font, "lm")
        x += 60 + pen.textlength(text, font)


def _is_on_tile(contour: NDArray[np.float64], center: NDArray[np.float64]) -> bool:
    height, width = TILE_MM
    return bool((np.abs(contour - center) < np.array([width, height]) / 2).all(axis=1).any())


def _on_tile(xy_mm: NDArray[np.float64], center: NDArray[np.float64]) -> NDArray[np.float64]:
    height, width = TILE_MM
    offset = (center - xy_mm) + np.array([width, height]) / 2
    points: NDArray[np.float64] = offset * PIXELS_PER_MM
    return points


def _window(place: SliceImage, center: NDArray[np.float64]) -> Image.Image:
    top = float(np.percentile(place.pixels, 99.5)) or 1.0
    grey = Image.fromarray((np.clip(place.pixels / top, 0, 1) * 255).astype(np.uint8))
    height, width = TILE_MM
    corners = center + np.array([[width, height], [-width, -height]]) / 2
    (row0, column0), (row1, column1) = place.mm_to_pixels(corners) + 0.5
    size = (round(width * PIXELS_PER_MM), round(height * PIXELS_PER_MM))
    cut = grey.transform(
        size,
        Image.Transform.EXTENT,
        (column0, row0, column1, row1),
        Image.Resampling.BICUBIC,
    )
    return cut.convert("RGB")
