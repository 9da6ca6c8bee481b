"""The picture of a joined exam: its middle slice with the borders of the stations."""

import numpy as np
from PIL import Image, ImageDraw

from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.pictures.overlay import FINAL
from callosal.pipelines.pictures.picture_text import shown_number, write
from callosal.pipelines.pictures.slice_canvas import Pen, SliceCanvas
from callosal.pipelines.stitching.middle_slice import middle_slice
from callosal.pipelines.stitching.stitch import PlacedStation, Stitched

_HEIGHT = 1100
_COLORS = ((94, 200, 255), (255, 190, 80), (150, 235, 130), (255, 140, 190), (200, 170, 255))
_SEAM = Pen("seam", (255, 235, 90), 1.6, 5.0)
_MARGIN = 150
_TEXT = 15
_BACKGROUND = (16, 18, 22)


def draw_stitched(stitched: Stitched) -> Image.Image:
    """Draw the middle slice, the frame of each station and the seams between them.

    Shifts and correlations stand beside the joints. No tag of the patient is shown.
    """
    place = middle_slice(stitched)
    scale = _pixels_per_mm(place)
    picture = _slice_picture(place, scale)
    size = picture.size
    layer = SliceCanvas(size, (0.0, 0.0), scale)
    for number, station in enumerate(stitched.stations):
        color = _COLORS[number % len(_COLORS)]
        layer.polygon(_frame_mm(station, place), Pen(f"station {number + 1}", color, 1.6))
    for seam in stitched.seams_lps_mm:
        layer.path(place.lps_to_mm(seam[len(seam) // 2]), _SEAM)
    drawn = layer.onto(picture.convert("RGB"))
    whole = Image.new("RGB", (size[0] + _MARGIN, size[1]), _BACKGROUND)
    whole.paste(drawn)
    _write_facts(ImageDraw.Draw(whole), stitched, place, scale, size[0])
    return whole


def draw_region(place: SliceImage, roi: RotatedBox) -> Image.Image:
    """Draw a region that a person has set on the middle slice of a joined exam.

    Args:
        place: The middle slice.
        roi: The region on it.
    """
    scale = _pixels_per_mm(place)
    picture = _slice_picture(place, scale)
    layer = SliceCanvas(picture.size, (0.0, 0.0), scale)
    layer.polygon(roi.corners_mm, FINAL)
    return layer.onto(picture.convert("RGB"))


def _pixels_per_mm(place: SliceImage) -> float:
    return float(_HEIGHT / (place.pixels.shape[0] * place.spacing_mm[0]))


def _slice_picture(place: SliceImage, scale: float) -> Image.Image:
    size = (round(place.pixels.shape[1] * place.spacing_mm[1] * scale), _HEIGHT)
    return Image.fromarray(_gray(place.pixels)).resize(size, Image.Resampling.BICUBIC)


def _gray(pixels: np.ndarray) -> np.ndarray:
    shown = pixels[pixels > 0]
    top = float(np.quantile(shown[::7], 0.995)) if shown.size else 1.0
    return np.clip(pixels / max(top, 1e-6) * 255, 0, 255).astype(np.uint8)


def _frame_mm(station: PlacedStation, place: SliceImage) -> np.ndarray:
    """Corners of a station's middle slice on the picture."""
    n, rows, columns = station.geometry.spatial_shape
    middle = (n - 1) / 2
    corners = np.array([
        [middle, -0.5, -0.5], [middle, -0.5, columns - 0.5],
        [middle, rows - 0.5, columns - 0.5], [middle, rows - 0.5, -0.5],
    ])  # fmt: skip
    return place.lps_to_mm(station.geometry.map_indices_to_reference(corners))


def _write_facts(
    draw: ImageDraw.ImageDraw, stitched: Stitched, place: SliceImage, scale: float, left: int
) -> None:
    middle = place.pixels.shape[0] * place.spacing_mm[0] / 2
    for number, station in enumerate(stitched.stations):
        frame = _frame_mm(station, place)
        row = (middle - float(frame[:, 1].mean())) * scale
        color = _COLORS[number % len(_COLORS)]
        write(draw, (left + 10, row - 10), f"station {number + 1}", _TEXT, color)
        write(draw, (left + 10, row + 10), f"gain {station.gain:.2f}", _TEXT, color)
    for joint in stitched.joints:
        frames = [_frame_mm(stitched.stations[i], place) for i in _pair(stitched, joint.upper)]
        at = (float(frames[0][:, 1].min()) + float(frames[1][:, 1].max())) / 2
        row = (middle - at) * scale
        found = joint.registration
        lines = [f"overlap {shown_number(joint.height_mm, 0)} mm"]
        if found is not None:
            lines += [
                f"down {shown_number(found.down_mm, 1)} mm",
                f"along {shown_number(found.along_mm, 1)} mm",
                f"correlation {found.correlation:.2f}",
            ]
        for line, text in enumerate(lines):
            write(draw, (left + 10, row + (line - len(lines) / 2 + 0.5) * 19), text, _TEXT - 1,
                  (235, 235, 235))  # fmt: skip


def _pair(stitched: Stitched, upper: int) -> tuple[int, int]:
    """Numbers in the result of the stations of a joint."""
    first = stitched.joints[0].upper
    return upper - first, upper - first + 1
