"""How slabs of a head may lie and look; imports nothing heavy: the command line reads it."""

from dataclasses import dataclass
from typing import Literal, get_args

Weighting = Literal[
    "t2", "fast_spin_echo_t2", "flair", "proton_density", "gradient_echo", "infant_t1",
    "inversion_recovery", "t1",
]  # fmt: skip
"""Names of `contrast.WEIGHTINGS`."""


@dataclass(frozen=True)
class SlabSettings:
    """How slabs may lie.

    Attributes:
        thickness_mm: Least and largest thickness.
        tilt_deg: Largest angle to the midsagittal plane.
        offset_mm: Largest distance from it, at the callosum.
        pixel_mm: Least and largest pixel.
        natural: Share of slabs that keep the contrast of their head.
        near: Names of the weightings that the others are drawn about, as of `random_weighting`.
    """

    thickness_mm: tuple[float, float] = (2.0, 10.0)
    tilt_deg: float = 15.0
    offset_mm: float = 4.0
    pixel_mm: tuple[float, float] = (0.5, 1.9)
    natural: float = 0.3
    near: tuple[Weighting, ...] = get_args(Weighting)
