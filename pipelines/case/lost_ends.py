"""Doubt about a thin callosum on a localizer whose ends may be lost.

Thick slices blur a thin callosum into what surrounds it, the tip of its rostrum first. Its outline
then ends too high in front, and the line below it turns by a few degrees.
"""

from dataclasses import replace
from typing import Final

from callosal.pipelines.callosum.finding import Finding, Kind
from callosal.pipelines.callosum.segmentation import Callosum

REASON: Final = "ends_may_be_lost"

THIN_MM: Final = 7.0
SURELY_WHOLE: Final = 0.8
"""A callosum of this mean thickness, or one that is this surely whole, keeps its ends. Set on 128
simulated localizers of 18 heads, none of them of the test: of 91 of heads without atrophy none is
doubted; of 37 of seven old heads 11 are, 1.7 degrees off on average and up to 4.6, the others 0.5
and up to 1.5."""

_FACTOR: Final = 0.45


def doubted_on_lost_ends(callosum: Callosum, finding: Finding) -> Callosum:
    """The callosum of a localizer, less trusted where it is thin and may not be whole.

    Args:
        callosum: What was found.
        finding: Whether it is whole.
    """
    thickness_mm = callosum.facts.area_mm2 / callosum.facts.length_mm
    is_whole = finding.kind is Kind.WHOLE and (finding.probability or 0.0) >= SURELY_WHOLE
    if finding.probability is None or is_whole or thickness_mm >= THIN_MM:
        return callosum
    return replace(callosum, quality=callosum.quality.lowered(_FACTOR, REASON))
