"""Doubt about what was found on one of several slices of a localizer: does it lie on the midline?

The picture alone does not tell: slices 9 to 15 mm aside, slightly turned or some millimetres
thick, show a ventricle or the fibres beside the callosum so that the network and the facts of
quality.py take them for it (confidence up to 0.88 on the heads looked at).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from callosal.pipelines.callosum.quality import Range
from callosal.pipelines.callosum.segmentation import Callosum
from callosal.pipelines.midplane.sagittal_views import SagittalViews

OFF_MM: Final = Range(-1.0, 0.0, 4.0, 12.0)
"""Distance from the midline: up to 4 mm the pose is expected to stay (`neighbours`), from 12 mm
on a slice counts as a wrong one (benchmarks/accuracy/refusal.py)."""

MIDLINE_UNKNOWN: Final = 0.55
"""What is left where several slices do not tell the midline: with it, none of the wrong slices
above stays `ok`, and a right one does with a confidence of 0.91."""


def doubted_off_midline(
    found: Sequence[Callosum | None], seen: SagittalViews
) -> list[Callosum | None]:
    """What was found on the slices of a localizer, less trusted the farther from the midline.

    A volume is cut on its plane, and a single slice is the choice of who took it: both stay as
    they are.

    Args:
        found: The callosum of each slice, or None.
        seen: The slices.
    """
    if seen.plane is not None or len(seen.slices) == 1:
        return list(found)
    return [None if one is None else _doubted(one, seen) for one in found]


def _doubted(callosum: Callosum, seen: SagittalViews) -> Callosum:
    if seen.midline is None:
        quality = callosum.quality.lowered(MIDLINE_UNKNOWN, "midline_unknown")
    else:
        center_lps_mm = callosum.slice_image.mm_to_lps(callosum.box.center_mm)
        off_mm = seen.midline.farthest_mm(center_lps_mm)
        quality = callosum.quality.lowered(OFF_MM.score(off_mm), "off_midline")
    return replace(callosum, quality=quality)
