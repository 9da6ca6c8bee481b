"""The picture of an exam: each acquired stack drawn over the planned one.

As on the overlay of a plan, only brain about the callosum is shown: neither the face nor the
outline of the head is in the picture.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from callosal.pipelines.audit.comparison import Comparison, Reference
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.pictures.picture_text import shown_number, write
from callosal.pipelines.pictures.slice_canvas import Pen, SliceCanvas
from callosal.pipelines.planning.plan import SliceStack
from callosal.pipelines.review.case_files import ReviewCase

Array = NDArray[np.float64]

MAX_PANELS = 12
COLUMNS = 3
PIXELS_PER_MM = 1.5
_WINDOW_MM = 290.0
_SHOWN_MM = 50.0
"""How far from the centre of the plan the slice is shown."""

_FADE_MM = 4.0
_MAX_LINES = 40
_HEAD_ROOM = 46
_TEXT = 15
_WHITE, _GRAY = (240, 240, 240), (170, 176, 184)
_BACKGROUND = (16, 18, 22)
PLANNED = Pen("planned", (86, 180, 233), 1.4, 5.0)
ACQUIRED = Pen("acquired", (230, 159, 0), 1.2)
ACQUIRED_ENDS = Pen("acquired", (230, 159, 0), 2.4)


@dataclass(frozen=True, eq=False)
class Panel:
    """One acquired stack.

    Attributes:
        series: Such as "series 4, scout".
        acquired: The stack.
        comparison: What it came to.
    """

    series: str
    acquired: SliceStack
    comparison: Comparison


def draw_exam(panels: Sequence[Panel], reference: Reference, case: ReviewCase) -> Image.Image:
    """Draw the stacks of an exam, each in a panel of its own.

    Transverse and coronal stacks are seen on the midsagittal slice, sagittal ones on the coronal
    slice of the plan.

    Args:
        panels: One stack or more; of many, the first are drawn.
        reference: The plan.
        case: Slices of the case that it comes from.
    """
    shown = panels[:MAX_PANELS]
    side = round(_WINDOW_MM * PIXELS_PER_MM)
    columns = min(COLUMNS, len(shown))
    rows = math.ceil(len(shown) / columns)
    page = Image.new("RGB", (columns * side, rows * (side + _HEAD_ROOM)), _BACKGROUND)
    for number, panel in enumerate(shown):
        left, top = (number % columns) * side, (number // columns) * (side + _HEAD_ROOM)
        place = _place(panel.comparison.planned, case)
        page.paste(_drawn(panel, reference, place, side), (left, top + _HEAD_ROOM))
        _write_head(ImageDraw.Draw(page), panel, left + 8, top)
    return page


def _place(planned: str, case: ReviewCase) -> SliceImage:
    """The slice that shows the slices of a stack as lines."""
    if planned != "sagittal":
        return case.midsagittal
    across = case.reformats.get("coronal") or case.reformats.get("transverse")
    return across or case.midsagittal


def _drawn(panel: Panel, reference: Reference, place: SliceImage, side: int) -> Image.Image:
    x, y = place.lps_to_mm(reference.center_lps_mm)
    center = (float(x), float(y))
    picture = _background(place, center, side).convert("RGB")
    canvas = SliceCanvas((side, side), center, PIXELS_PER_MM)
    planned = _lines(reference.stacks[panel.comparison.planned], place)
    if planned:
        canvas.polygon(np.array([*planned[0], *planned[-1][::-1]]), PLANNED)
        canvas.path(planned[len(planned) // 2], PLANNED)
    acquired = _lines(panel.acquired, place)
    for line in acquired[:: max(1, math.ceil(len(acquired) / _MAX_LINES))]:
        canvas.path(line, ACQUIRED)
    for line in (acquired[0], acquired[-1]) if acquired else ():
        canvas.path(line, ACQUIRED_ENDS)
    return canvas.onto(picture)


def _background(place: SliceImage, center_mm: tuple[float, float], side: int) -> Image.Image:
    """Brain about the centre, the rest dark."""
    middle = (side - 1) / 2
    values = np.empty((side, side), np.float32)
    ndimage.affine_transform(
        place.pixels,
        1 / (np.array(place.spacing_mm) * PIXELS_PER_MM),
        place.mm_to_pixels(np.array(center_mm) + middle / PIXELS_PER_MM),
        output=values,
        order=1,
    )
    rows, columns = np.ogrid[:side, :side]
    away_mm = np.hypot(rows - middle, columns - middle) / PIXELS_PER_MM
    shown = np.clip((_SHOWN_MM - away_mm) / _FADE_MM, 0, 1)
    low, high = np.percentile(values[shown > 0], [1, 99.5])
    gray = np.clip((values - low) / max(high - low, 1e-6), 0, 1) * shown * 255
    return Image.fromarray(gray.astype(np.uint8))


def _lines(stack: SliceStack, place: SliceImage) -> list[Array]:
    """Where the slices of a stack cut a picture: ends (x, y) in mm, one (2, 2) a slice.

    All lines run the same way. A slice that does not meet the picture is left out.
    """
    across = np.cross(stack.normal, place.normal)
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * np.array(stack.fov_mm) / 2
    offsets = corners @ np.stack([stack.row_dir, stack.col_dir])
    lines = []
    for center in stack.slice_centers_lps_mm:
        points = center + offsets
        height = (points - place.center_lps_mm) @ place.normal
        after = np.roll(height, -1)
        cut = np.flatnonzero((height > 0) != (after > 0))
        if len(cut) != 2:
            continue
        share = (height[cut] / (height[cut] - after[cut]))[:, None]
        ends = points[cut] + share * (np.roll(points, -1, axis=0)[cut] - points[cut])
        ordered = ends if (ends[1] - ends[0]) @ across >= 0 else ends[::-1]
        lines.append(place.lps_to_mm(ordered))
    return lines


def _write_head(draw: ImageDraw.ImageDraw, panel: Panel, left: int, top: int) -> None:
    found = panel.comparison
    write(draw, (left, top + 13), f"{panel.series}: {found.planned}", _TEXT, _WHITE)
    angle, turn = shown_number(found.angle_deg, 1), shown_number(found.in_plane_deg, 1)
    across = shown_number(found.across_mm, 1)
    facts = f"tilt {angle}\N{DEGREE SIGN}, in plane {turn}\N{DEGREE SIGN}, offset {across} mm"
    missing = found.coverage.slices_missing
    if missing:
        facts += f", {missing} {'slice' if missing == 1 else 'slices'} missing"
    write(draw, (left, top + 33), facts, _TEXT - 1, _GRAY)
    bottom = top + _HEAD_ROOM + round(_WINDOW_MM * PIXELS_PER_MM)
    for line, pen in enumerate((ACQUIRED, PLANNED)):
        write(draw, (left, bottom - 14 - 18 * line), pen.label, _TEXT - 2, pen.color)
