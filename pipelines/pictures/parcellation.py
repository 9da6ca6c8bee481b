"""The picture of a parcellation: numbered parts on the slice, midline and thickness profile.

Only a window around the callosum is shown, so that there is no face in it. Colours are those of
Okabe and Ito (2008), told apart by colour-blind readers; every part also carries its number.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from callosal.models.arrays import Array
from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.morphometry.measures import Morphometry
from callosal.pipelines.morphometry.parcellation import Parcellation
from callosal.pipelines.pictures.picture_text import SQUARED, write

Color = tuple[int, int, int]

COLORS: tuple[Color, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
)
WINDOW_MM = (110.0, 64.0)
PIXELS_PER_MM = 8
PROFILE_HEIGHT = 260
_FINE = 2  # drawn this much larger and scaled down, which smooths the lines
_WHITE: Color = (255, 255, 255)


def draw_parcellation(
    slice_image: SliceImage, morphometry: Morphometry, parcellation: Parcellation
) -> Image.Image:
    """Draws the parts of one parcellation with the midline, and the thickness profile below.

    Args:
        slice_image: The midsagittal slice.
        morphometry: What was measured on it.
        parcellation: One of its parcellations.

    Returns:
        RGB picture, 880 x 772 pixels: anterior on the left, superior on top.

    Raises:
        GeometryError: There is no midline to draw.
    """
    if morphometry.midline is None:
        raise GeometryError("picture: without a midline there is no profile to show", "no_tip")
    outline = morphometry.outline_mm
    center = (outline.min(axis=0) + outline.max(axis=0)) / 2
    slice_picture = _window(slice_image, center)
    parts = _drawn_parts(slice_picture.size, center, morphometry, parcellation)
    small = parts.resize(slice_picture.size, Image.Resampling.BOX)
    width, height = slice_picture.size
    page = Image.new("RGB", (width, height + PROFILE_HEIGHT))
    page.paste(Image.alpha_composite(slice_picture, small).convert("RGB"))
    page.paste(_profile(morphometry.midline.thickness_profile_mm(), width), (0, height))
    _write_numbers(ImageDraw.Draw(page), center, (width, height), parcellation)
    return page


def _window(slice_image: SliceImage, center_mm: Array) -> Image.Image:
    """The window of the slice, interpolated, dark and bright outliers clipped."""
    width, height = (np.array(WINDOW_MM) * PIXELS_PER_MM).astype(int)
    x = center_mm[0] - (np.arange(width) + 0.5 - width / 2) / PIXELS_PER_MM
    y = center_mm[1] - (np.arange(height) + 0.5 - height / 2) / PIXELS_PER_MM
    where = slice_image.mm_to_pixels(np.stack(np.meshgrid(x, y), axis=-1))
    values = ndimage.map_coordinates(
        slice_image.pixels.astype(np.float32), np.moveaxis(where, -1, 0), order=1
    )
    low, high = np.percentile(values, [1, 99.5])
    gray = np.clip((values - low) / max(float(high - low), 1e-6), 0, 1) * 255
    return Image.fromarray(gray.astype(np.uint8)).convert("RGBA")


def _on_page(points_mm: Array, center_mm: Array, size: tuple[int, int]) -> Array:
    # x grows toward anterior, which is left; y toward superior, which is up.
    return (center_mm - points_mm) * PIXELS_PER_MM + np.array(size) / 2


def _drawn_parts(
    size: tuple[int, int], center_mm: Array, morphometry: Morphometry, parcellation: Parcellation
) -> Image.Image:
    layer = Image.new("RGBA", (size[0] * _FINE, size[1] * _FINE), (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)

    def path(points_mm: Array) -> list[tuple[float, float]]:
        return [(float(x), float(y)) for x, y in _on_page(points_mm, center_mm, size) * _FINE]

    for part, color in zip(parcellation.parts_mm, COLORS, strict=False):
        if part is not None and len(part) >= 3:
            draw.polygon(path(part), fill=(*color, 150))
    closed = np.vstack([morphometry.outline_mm, morphometry.outline_mm[:1]])
    draw.line(path(closed), fill=(*_WHITE, 255), width=2 * _FINE)
    if morphometry.midline is not None:
        draw.line(path(morphometry.midline.points_mm), fill=(0, 0, 0, 255), width=2 * _FINE)
    return layer


def _write_numbers(
    draw: ImageDraw.ImageDraw, center_mm: Array, size: tuple[int, int], parcellation: Parcellation
) -> None:
    """Each part's number beside it, and a line of areas at the top."""
    font = ImageFont.load_default(20)
    areas = []
    for number, (part, area) in enumerate(
        zip(parcellation.parts_mm, parcellation.areas_mm2, strict=True), start=1
    ):
        areas.append(f"{number}: -" if area is None else f"{number}: {area:.0f}")
        if part is not None and len(part) >= 3:
            x, y = _on_page(part, center_mm, size).mean(axis=0)
            draw.text((x, y), str(number), _WHITE, font, "mm", stroke_width=3, stroke_fill=0)
    scheme = f"{parcellation.scheme}, {parcellation.course}".replace("_", "-")
    write(draw, (12, 20), f"{scheme}, mm{SQUARED}   {'   '.join(areas)}", 20, _WHITE, rim=2)


def _profile(profile_mm: Array, width: int) -> Image.Image:
    """Thickness against the share of the midline, with a line for every 5 mm."""
    panel = Image.new("RGB", (width * _FINE, PROFILE_HEIGHT * _FINE), _WHITE)
    draw = ImageDraw.Draw(panel)
    font = ImageFont.load_default(16 * _FINE)
    left, right, top, bottom = 60.0, width - 30.0, 20.0, PROFILE_HEIGHT - 60.0
    limit = 5 * float(np.ceil(profile_mm.max() / 5))
    y = bottom - profile_mm / limit * (bottom - top)
    x = left + (np.arange(len(y)) + 0.5) / len(y) * (right - left)
    for level in np.arange(0, limit + 1, 5):
        at = bottom - level / limit * (bottom - top)
        draw.line(_scaled([(left, at), (right, at)]), (200, 200, 200), _FINE)
        draw.text(_scaled([(left - 8, at)])[0], f"{level:.0f} mm", 0, font, "rm")
    draw.line(_scaled(list(zip(x, y, strict=True))), COLORS[4], 3 * _FINE, joint="curve")
    for percent in (0, 25, 50, 75, 100):
        at = left + percent / 100 * (right - left)
        draw.line(_scaled([(at, bottom), (at, bottom + 5)]), (120, 120, 120), _FINE)
        draw.text(_scaled([(at, bottom + 8)])[0], f"{percent} %", 0, font, "ma")
    for text, at, anchor in (("rostrum, genu", left, "la"), ("splenium", right, "ra")):
        draw.text(_scaled([(at, bottom + 32)])[0], text, 0, font, anchor)
    middle = ((left + right) / 2, bottom + 32)
    draw.text(_scaled([middle])[0], "position on the midline", 0, font, "ma")
    return panel.resize((width, PROFILE_HEIGHT), Image.Resampling.BOX)


def _scaled(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(float(x) * _FINE, float(y) * _FINE) for x, y in points]
