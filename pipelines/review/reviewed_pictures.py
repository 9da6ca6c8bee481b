"""The overlay of a corrected plan, large and small, beside those of the automatic one."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from callosal.pipelines.geometry.reference_line import LineKind, ReferenceLine
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.outputs.atomic import remove, write_bytes
from callosal.pipelines.outputs.file_names import REVIEWED_OVERLAY, REVIEWED_THUMBNAIL
from callosal.pipelines.pictures.overlay import draw_overlay
from callosal.pipelines.pictures.reason_words import short_reason
from callosal.pipelines.pictures.thumbnail import thumbnail_bytes
from callosal.pipelines.review.case_files import ReviewCase
from callosal.pipelines.review.correction import CORRECTED


def write_reviewed_pictures(folder: Path, case: ReviewCase, roi: RotatedBox | None) -> None:
    """Draw a corrected region on its slice, or remove the pictures of an earlier correction.

    Args:
        folder: Folder of the case.
        case: The case as `callosal infer` left it.
        roi: The region as corrected; None where the automatic one was accepted or rejected.

    Raises:
        OSError: The disk is full or read-only.
    """
    # Where there was no pose, what was outlined need not lie in a brain: little may be shown.
    if roi is None or case.outline_mm is None or case.plan["final"] is None:
        remove(folder / REVIEWED_OVERLAY)
        remove(folder / REVIEWED_THUMBNAIL)
        return
    box, line = case.plan["box"], case.plan["line"]
    overlay = draw_overlay(
        case.midsagittal, [case.outline_mm], _box(box), _line(line), roi, short_reason(CORRECTED)
    )
    stream = io.BytesIO()
    overlay.save(stream, format="PNG", compress_level=2)
    write_bytes(folder / REVIEWED_OVERLAY, stream.getvalue())
    write_bytes(folder / REVIEWED_THUMBNAIL, thumbnail_bytes(overlay))


def _box(entry: Mapping[str, Any]) -> RotatedBox:
    (x, y), (length, width) = entry["center_mm"], entry["size_mm"]
    return RotatedBox((x, y), (length, width), entry["angle_deg"])


def _line(entry: Mapping[str, Any]) -> ReferenceLine:
    (x0, y0), (x1, y1) = entry["start_mm"], entry["end_mm"]
    return ReferenceLine(LineKind(entry["kind"]), (x0, y0), (x1, y1))
