"""Measures of a callosum that lacks a part: those that need the part are left out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from callosal.pipelines.morphometry.measures import PART_NAMES, Morphometry

_OF_BOTH_ENDS = (
    *PART_NAMES,
    "body_width_mm",
    "isthmus_width_mm",
    "cc_index",
    "bending_angle_deg",
    "height_mm",
)
"""Measures at shares of the whole length, or between genu and splenium."""

NEEDS: Mapping[str, tuple[str, ...]] = {
    "rostrum": (
        "witelson_1_mm2",
        *(name for name in PART_NAMES if "_midline_" in name),
    ),
    "genu": ("genu_width_mm", *_OF_BOTH_ENDS),
    "splenium": ("splenium_width_mm", *_OF_BOTH_ENDS),
    "posterior_half": ("splenium_width_mm", *_OF_BOTH_ENDS),
}
"""Measures that each part is needed for; without a rostrum, shares of the midline shift."""


def without_parts(morphometry: Morphometry, missing: Sequence[str]) -> Morphometry:
    """The measures without those that need a missing part; their reason is such as `genu_missing`.

    Args:
        morphometry: What was measured on what is there.
        missing: Parts, of the keys of `NEEDS`; of several, the first one is the reason.
    """
    codes = {name: f"{part}_missing" for part in reversed(missing) for name in NEEDS[part]}
    taken = {name: code for name, code in codes.items() if morphometry.values.get(name) is not None}
    whole_length = all(part == "rostrum" for part in missing)
    return replace(
        morphometry,
        values={**morphometry.values, **dict.fromkeys(taken)},
        reasons={**morphometry.reasons, **taken},
        parcellations=morphometry.parcellations if whole_length else (),
    )
