"""Widths of the parts of the callosum, from the thickness profile."""

import numpy as np

from callosal.models.arrays import Array


def part_widths_mm(profile_mm: Array) -> dict[str, float]:
    """Widths of genu, body, isthmus and splenium.

    The parts are Witelson's thirds and fifth of the midline. The width of genu and splenium is
    their maximum, of the isthmus its minimum, of the body its mean.

    Args:
        profile_mm: Thickness in equal steps along the midline, anterior first, shape (N,).

    Returns:
        Widths in mm by the name of the measure.

    Example:
        >>> part_widths_mm(np.full(100, 5.0))["isthmus_width_mm"]
        5.0
    """
    share = (np.arange(len(profile_mm)) + 0.5) / len(profile_mm)
    return {
        "genu_width_mm": float(profile_mm[share < 1 / 3].max()),
        "body_width_mm": float(profile_mm[(share > 1 / 3) & (share < 2 / 3)].mean()),
        "isthmus_width_mm": float(profile_mm[(share > 2 / 3) & (share < 4 / 5)].min()),
        "splenium_width_mm": float(profile_mm[share > 4 / 5].max()),
    }
