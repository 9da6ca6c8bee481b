"""The picture of a result: slice, outline, box, line and final ROI, with a legend.

Only the brain around the callosum is shown and the rest is black, so that neither the face nor
the outline of the head is in it. Colours are those of Okabe and Ito (2008), told apart by
colour-blind readers; each element also has a line style of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from callosal.models.arrays import Array
from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.reference_line import ReferenceLine
from callosal.pipelines.geometry.rotated_box import Point, RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.pictures.picture_text import shown_number, text_width, write
from callosal.pipelines.pictures.slice_canvas import Pen, SliceCanvas, dashes

WINDOW_MM = (140.0, 120.0)
PIXELS_PER_MM = 6
REACH_SHARE = 0.5
"""How far the slice is shown around the callosum, as share of the length of its outline's box."""

MAX_REACH_MM = 38.0
"""The same at most; the air around a head begins about 12 mm farther away (ABIDE, median)."""

UNSURE_REACH_MM = 12.0
"""The same where there is no pose: what was outlined need not lie in a brain."""

_FADE_MM = 3.0
_LEGEND_HEIGHT = 64
_SCALE_BAR_MM = 20.0
_BAND_OPACITY = 0.35


OUTLINE = Pen("outline", (240, 228, 66), 1.5)
BOX = Pen("box", (86, 180, 233), 2.0, 2.5)
LINE = Pen("line", (0, 158, 115), 3.0)
FINAL = Pen("final ROI", (213, 94, 0), 3.0)


_BRAIN_LINE_COLOR = (204, 121, 167)
_BRAIN_LINE_MM = 80.0
_POINT_MM = 1.5


@dataclass(frozen=True)
class BrainLineDrawn:
    """The line of a protocol on a picture.

    Attributes:
        label: Its name in the legend.
        center_mm: Its middle (x, y).
        angle_deg: Its tilt.
        is_measured: Solid if it was measured, else dashed.
        points_mm: Points that were seen, drawn as crosses.
    """

    label: str
    center_mm: Point
    angle_deg: float
    is_measured: bool
    points_mm: tuple[Point, ...] = ()

    @property
    def pen(self) -> Pen:
        """How it is drawn."""
        return Pen(self.label, _BRAIN_LINE_COLOR, 3.0, 0.0 if self.is_measured else 3.0)


def draw_overlay(
    slice_image: SliceImage,
    contours_mm: Sequence[Array],
    box: RotatedBox | None,
    line: ReferenceLine | None,
    final: RotatedBox | None,
    caption: str,
    brain_line: BrainLineDrawn | None = None,
    angle95_deg: float | None = None,
) -> Image.Image:
    """Draws a result on its slice.

    Args:
        slice_image: The midsagittal slice.
        contours_mm: Outlines of the mask, largest first, each of shape (N, 2); one at least, for
            what is shown is set by it: where no callosum was found, it could be a face.
        box: Box of the callosum; None where there is none, as with the next two.
        line: Reference line.
        final: Final region; its long axis is drawn through it, a little longer.
        caption: Status and confidence in words, such as "ok 0.97"; nothing that names the patient.
        brain_line: Line of a protocol.
        angle95_deg: Error bar of the final angle, drawn as a band about its axis; None for none.

    Returns:
        RGB picture, 840 x 784 pixels: anterior on the left, superior on top.

    Raises:
        GeometryError: There is no outline.
    """
    if not contours_mm:
        raise GeometryError("overlay: without an outline there is nothing to show", "empty_mask")
    x, y = (contours_mm[0].min(axis=0) + contours_mm[0].max(axis=0)) / 2
    center = (float(x), float(y))
    reach_mm = _reach_mm(contours_mm[0], final)
    shown = _shown(contours_mm[0], center, reach_mm)
    picture = _background(slice_image, center, shown).convert("RGB")
    canvas = SliceCanvas(picture.size, center, PIXELS_PER_MM)
    if final is not None and angle95_deg is not None:
        for sector in _band(final, angle95_deg):
            canvas.area(sector, FINAL.color, _BAND_OPACITY)
    for contour in contours_mm:
        canvas.polygon(contour, OUTLINE)
    if box is not None:
        canvas.polygon(box.corners_mm, BOX)
    if final is not None:
        canvas.polygon(final.corners_mm, FINAL)
        reach = _axis_reach_mm(final)
        canvas.path(final.from_frame_mm([(-reach, 0), (reach, 0)]), FINAL)
    if line is not None:
        canvas.path([line.start_mm, line.end_mm], LINE)
    drawn = {OUTLINE: contours_mm, BOX: box, LINE: line, FINAL: final}
    pens = [pen for pen, found in drawn.items() if found is not None]
    if brain_line is not None:
        _draw_brain_line(canvas, brain_line)
        pens.append(brain_line.pen)
    return _with_legend(canvas.onto(picture), pens, final, caption, angle95_deg)


def _axis_reach_mm(final: RotatedBox) -> float:
    """How far the axis is drawn to either side of the centre."""
    return 0.5 * final.size_mm[0] + 5


def _band(final: RotatedBox, angle95_deg: float) -> list[Array]:
    """The two sectors that an axis within its error bar passes through, each of shape (N, 2)."""
    turns = np.radians(np.linspace(-angle95_deg, angle95_deg, 9))
    rim = _axis_reach_mm(final) * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    sectors = (np.vstack([[0.0, 0.0], side * rim]) for side in (1, -1))
    return [np.asarray(final.from_frame_mm(sector)) for sector in sectors]


def _draw_brain_line(canvas: SliceCanvas, line: BrainLineDrawn) -> None:
    turn = np.radians(line.angle_deg)
    half = _BRAIN_LINE_MM / 2 * np.array([np.cos(turn), np.sin(turn)])
    center = np.array(line.center_mm)
    canvas.path([center + half, center - half], line.pen)
    cross = Pen(line.label, _BRAIN_LINE_COLOR, 2.0)
    for point in np.array(line.points_mm).reshape(-1, 2):
        for way in ((_POINT_MM, _POINT_MM), (_POINT_MM, -_POINT_MM)):
            canvas.path([point - way, point + way], cross)


def _window_size() -> Array:
    return np.array(WINDOW_MM) * PIXELS_PER_MM


def draw_brain(slice_image: SliceImage, contour_mm: Array, center_mm: Point) -> Image.Image:
    """Draws the brain around the callosum alone, as far as an overlay shows it.

    Args:
        slice_image: The slice.
        contour_mm: Outline of the callosum, shape (N, 2).
        center_mm: Point (x, y) in the middle of the picture.

    Returns:
        Picture in gray levels of `WINDOW_MM` at `PIXELS_PER_MM`.
    """
    return _background(slice_image, center_mm, _shown(contour_mm, center_mm, MAX_REACH_MM))


def _shown(contour_mm: Array, center_mm: Point, reach_mm: float) -> Array:
    """How much of each pixel of the window is shown, 0 to 1, shape (H, W)."""
    width, height = (int(side) for side in WINDOW_MM)
    offset = (np.array(center_mm) - contour_mm) + np.array(WINDOW_MM) / 2
    outline = Image.new("1", (width, height), 1)
    ImageDraw.Draw(outline).polygon([(float(x), float(y)) for x, y in offset], fill=0, outline=0)
    away_mm = ndimage.distance_transform_edt(np.asarray(outline)).astype(np.float32)
    size = (width * PIXELS_PER_MM, height * PIXELS_PER_MM)
    fine_mm = Image.fromarray(away_mm).resize(size, Image.Resampling.BILINEAR)
    return np.clip((reach_mm - np.asarray(fine_mm)) / _FADE_MM, 0, 1)


def _reach_mm(contour_mm: Array, final: RotatedBox | None) -> float:
    """How far the slice is shown around the outline."""
    if final is None:
        return UNSURE_REACH_MM
    return min(MAX_REACH_MM, REACH_SHARE * RotatedBox.around(contour_mm).size_mm[0])


def _background(slice_image: SliceImage, center_mm: Point, shown: Array) -> Image.Image:
    """The window of the slice, interpolated, dark and bright outliers clipped, the rest black."""
    width, height = _window_size().astype(int)
    half_mm = (np.array([width, height]) - 1) / 2 / PIXELS_PER_MM
    first = slice_image.mm_to_pixels(np.array(center_mm) + half_mm)
    values = np.empty((height, width), np.float32)
    ndimage.affine_transform(
        slice_image.pixels.astype(np.float32),
        1 / (np.array(slice_image.spacing_mm) * PIXELS_PER_MM),
        first,
        output=values,
        order=1,
    )
    low, high = np.percentile(values[shown > 0], [1, 99.5])
    gray = np.clip((values - low) / max(high - low, 1e-6), 0, 1) * shown * 255
    return Image.fromarray(gray.astype(np.uint8))


def _with_legend(
    picture: Image.Image,
    pens: Sequence[Pen],
    final: RotatedBox | None,
    caption: str,
    angle95_deg: float | None,
) -> Image.Image:
    """The picture with orientation letters and a scale bar, and a strip of text below.

    The legend names what is drawn and nothing else.
    """
    width, height = picture.size
    page = Image.new("RGB", (width, height + _LEGEND_HEIGHT))
    page.paste(picture)
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(20)
    white = (255, 255, 255)
    draw.text((10, height / 2), "A", white, font, anchor="lm")
    draw.text((width - 10, height / 2), "P", white, font, anchor="rm")
    draw.text((width / 2, 8), "S", white, font, anchor="ma")
    draw.text((width / 2, height - 8), "I", white, font, anchor="md")
    bar = _SCALE_BAR_MM * PIXELS_PER_MM
    draw.line([(width - 12 - bar, height - 16), (width - 12, height - 16)], white, 4)
    draw.text(
        (width - 12 - bar / 2, height - 22), f"{_SCALE_BAR_MM:.0f} mm", white, font, anchor="md"
    )
    angle = (
        "no pose" if final is None else f"angle {shown_number(final.angle_deg, 1)}\N{DEGREE SIGN}"
    )
    if final is not None and angle95_deg is not None:
        angle += f" \N{PLUS-MINUS SIGN} {shown_number(angle95_deg, 1)}\N{DEGREE SIGN} (95 %)"
    write(draw, (12, height + 18), f"{angle}    {caption}", 20, white)
    x = 12.0
    for pen in pens:
        sample = np.array([(x, height + 46.0), (x + 40, height + 46.0)])
        for part in dashes(sample, 8.0) if pen.dash_mm else [sample]:
            draw.line([tuple(point) for point in part], pen.color, round(pen.width + 1))
        write(draw, (x + 48, height + 46), pen.label, 20, white)
        x += 64 + text_width(pen.label, 20)
    return page
