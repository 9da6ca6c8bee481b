"""What was found where two neighbouring stations meet, and whether they may be joined there."""

import math
from dataclasses import dataclass

from callosal.pipelines.stitching.registration import SEARCH_MM, Registration
from callosal.pipelines.stitching.settings import StitchSettings

REFUSED_CORRELATION = 0.6
REFUSED_AGREEMENT = 0.4
"""Overlaps that agree less show another patient, another contrast, or another place. Of made
spines, 100 pairs of two patients reach 0.56 and 0.28; 30 of one patient with a bias of 50 % have
0.82 and 0.76 at least, and 25 of a patient who turned by up to 4 degrees 0.67 and 0.49.
"""

LOW_CORRELATION = 0.75
LARGE_SPREAD_MM = 0.6
LEAST_HEIGHT_MM = 15.0
_BETTER_ACROSS = 0.03


@dataclass(frozen=True)
class Joint:
    """The meeting of two stations, counted from the head.

    Attributes:
        upper: Number of the upper station, from 0; the lower one follows.
        height_mm: Height of the overlap; of a gap, its height below 0.
        registration: What the overlap says; None where there is none or too little of it.
        refusal: Why the two may not be joined, "" where they may.
        reasons: What lowers the confidence, as codes.
        message: Refusal or gap in one line.
        gain_log: Logarithm of upper over lower brightness; None where it is not known.
    """

    upper: int
    height_mm: float
    registration: Registration | None
    refusal: str = ""
    reasons: tuple[str, ...] = ()
    message: str = ""
    gain_log: float | None = None

    @property
    def is_joined(self) -> bool:
        """Whether the two are part of one result."""
        return not self.refusal

    @property
    def confidence(self) -> float:
        """0 to 1: the overlap's correlation, halved where something speaks against it."""
        if self.refusal or self.registration is None:
            return 0.0
        agreed = max(0.0, min(1.0, self.registration.correlation))
        return agreed / 2 if self.reasons else agreed


def judge(
    upper: int, height_mm: float, found: Registration | None, settings: StitchSettings
) -> Joint:
    """Whether two neighbours may be joined.

    Args:
        upper: Number of the upper station.
        height_mm: Height of their overlap by the headers, below 0 for a gap.
        found: What the overlap says.
        settings: How far a shift may go.
    """
    pair = f"stations {upper + 1} and {upper + 2}"
    if height_mm <= 0:
        message = f"{pair}: a gap of {-height_mm:.1f} mm between them is left empty"
        return Joint(upper, height_mm, None, reasons=("gap",), message=message)
    if found is None or height_mm < LEAST_HEIGHT_MM or math.isnan(found.correlation):
        message = (
            f"{pair}: overlap by {height_mm:.1f} mm; {LEAST_HEIGHT_MM:g} mm are needed to find "
            "their shift, so they are placed by their headers"
        )
        return Joint(upper, height_mm, None, reasons=("short_overlap",), message=message)
    shift_mm = math.hypot(found.down_mm, found.along_mm)
    if not (found.correlation >= REFUSED_CORRELATION and found.agreement >= REFUSED_AGREEMENT):
        message = (
            f"{pair}: their overlap does not show the same place (correlation "
            f"{found.correlation:.2f}, {REFUSED_CORRELATION:g} are needed; in three of four parts "
            f"{found.agreement:.2f}, {REFUSED_AGREEMENT:g} are needed): another patient, another "
            f"contrast, or a shift of more than {SEARCH_MM:g} mm"
        )
        return Joint(upper, height_mm, found, "overlap_disagrees", message=message)
    if shift_mm > settings.max_shift_mm:
        message = (
            f"{pair}: their overlap fits after a shift of {shift_mm:.1f} mm; at most "
            f"{settings.max_shift_mm:g} mm are allowed (--settings.max_shift_mm)"
        )
        return Joint(upper, height_mm, found, "shift_too_large", message=message)
    reasons = []
    if found.correlation < LOW_CORRELATION:
        reasons.append("weak_overlap")
    if found.n_parts < 3 or not found.spread_mm <= LARGE_SPREAD_MM:
        reasons.append("motion_in_overlap")
    if found.correlation_across > found.correlation + _BETTER_ACROSS:
        reasons.append("moved_across_slices")
    return Joint(upper, height_mm, found, reasons=tuple(reasons))
