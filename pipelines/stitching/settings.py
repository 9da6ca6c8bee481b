"""How stations are joined."""

from dataclasses import dataclass
from enum import StrEnum

from callosal.models.errors import InputError


class Matching(StrEnum):
    """How the brightness of two stations is made alike."""

    FIELD = "field"
    HISTOGRAM = "histogram"
    NONE = "none"


class Blending(StrEnum):
    """How two stations share their overlap."""

    SEAM = "seam"
    FEATHER = "feather"


@dataclass(frozen=True)
class StitchSettings:
    """How stations are joined.

    Attributes:
        matching: `field` fits a smooth field of the brightness ratio on the overlap, which takes
            out gain and bias; `histogram` matches the gray levels of the overlap; `none` leaves
            the brightness as it is.
        blending: `seam` blends narrowly about a line that keeps away from edges; `feather` blends
            evenly over the whole overlap.
        max_shift_mm: Largest shift between two stations that is taken for motion; a pair that
            needs more is refused.
        feather_mm: Width of the blend about the seam.
    """

    matching: Matching = Matching.FIELD
    blending: Blending = Blending.SEAM
    max_shift_mm: float = 10.0
    feather_mm: float = 8.0

    def __post_init__(self) -> None:
        if not 0 <= self.max_shift_mm <= 30 or not 0 < self.feather_mm <= 100:
            raise InputError(
                f"max_shift_mm {self.max_shift_mm:g} and feather_mm {self.feather_mm:g}: the "
                "shift may be 0 to 30 mm, the feather above 0 to 100 mm",
                "wrong_limit",
            )
