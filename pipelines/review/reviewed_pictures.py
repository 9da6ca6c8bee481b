"""The overlay of a corrected plan, large and small, beside those of the automatic one."""

from pathlib import Path

from PIL import Image

from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.outputs.atomic import remove, write_bytes
from callosal.pipelines.outputs.file_names import REVIEWED_OVERLAY, REVIEWED_THUMBNAIL
from callosal.pipelines.pictures.overlay import draw_overlay
from callosal.pipelines.pictures.picture_file import png_bytes
from callosal.pipelines.pictures.reason_words import short_reason
from callosal.pipelines.pictures.thumbnail import thumbnail_bytes
from callosal.pipelines.review.case_files import ReviewCase
from callosal.pipelines.review.correction import CORRECTED, OUTLINED
from callosal.pipelines.review.hand_outline import HandOutline


def write_reviewed_pictures(
    folder: Path, case: ReviewCase, roi: RotatedBox | None, outline: HandOutline | None = None
) -> Image.Image | None:
    """Draw a corrected region on its slice, or remove the pictures of an earlier correction.

    Args:
        folder: Folder of the case.
        case: The case as `callosal infer` left it.
        roi: The region as corrected; None where the automatic one was accepted or rejected.
        outline: The mask as corrected; None where the automatic one stands.

    Returns:
        The large picture, where there is one.

    Raises:
        OSError: The disk is full or read-only.
    """
    overlay = None if roi is None else _draw(case, roi, outline)
    if overlay is None:
        remove(folder / REVIEWED_OVERLAY)
        remove(folder / REVIEWED_THUMBNAIL)
        return None
    write_bytes(folder / REVIEWED_OVERLAY, png_bytes(overlay))
    write_bytes(folder / REVIEWED_THUMBNAIL, thumbnail_bytes(overlay))
    return overlay


def _draw(case: ReviewCase, roi: RotatedBox, outline: HandOutline | None) -> Image.Image | None:
    if outline is not None:
        caption = short_reason(OUTLINED)
        return draw_overlay(
            case.midsagittal, [outline.contour_mm], outline.box, outline.line, roi, caption
        )
    # Where there was no pose, what was outlined need not lie in a brain: little may be shown.
    box, line = case.plan.box, case.plan.line
    if case.outline_mm is None or box is None or line is None:
        return None
    caption = short_reason(CORRECTED)
    return draw_overlay(case.midsagittal, [case.outline_mm], box, line.as_line(), roi, caption)
