"""The callosum of a localizer, found on its thick sagittal slices and brought to the midplane.

It is read in two ways. First, the network outlines the midsagittal callosum as it projects onto
each slice near the plane; these maps are moved onto the plane and pooled. Second, the network
outlines it on one picture of the plane that all slices make together. The final outline combines
both readings; if they differ, the plan is in doubt.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from callosal.export.runtime import Segmenter
from callosal.pipelines.callosum.quality import Quality, Range
from callosal.pipelines.callosum.segmentation import (
    Callosum,
    Outline,
    find_callosa,
    find_outline,
    glance_at,
    outline_callosum,
)
from callosal.pipelines.case.localizer_slices import (
    Window,
    composed,
    moved_onto,
    slices_on_plane,
)
from callosal.pipelines.case.neighbours import Spread
from callosal.pipelines.case.off_midline import OFF_MM
from callosal.pipelines.geometry.plane_angles import axis_difference_deg
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.midplane.midsagittal import MidsagittalPlane
from callosal.pipelines.midplane.resample import Array
from callosal.pipelines.outline.contour import LEVEL
from callosal.pipelines.outline.pooled import LEAST_PROBABILITY, pooled

_LEAST_TRUST: Final = 0.2
"""Lowest trust in a slice: a doubtful slice near the plane shows more than a certain one far from
it, on which part of the callosum may be missing."""

_LEAST_WIDTH_MM: Final = 3.0

MOST_LOOKED_AT: Final = 3
"""How many slices are outlined one by one: those nearest to the plane at the callosum."""

DOUBT_POWER: Final = 1.5
"""Exponent of the confidence in the outline: a volume has neighbouring slices to confirm it, a
localizer has none. Set on 128 simulated scouts of eight heads, none of them a test head: with 1,
one of three `ok` plans of an atrophied head in voxels of 2 mm was 3.7 degrees off; with 1.5, both
of its `ok` plans were within 2.4 degrees."""

READINGS_DEG: Final = Range(-1.0, 0.0, 2.5, 7.5)
READINGS_DICE: Final = Range(0.5, 0.8, 1.0, 1.01)
"""How far the two readings may differ in angle and overlap. Set on the same scouts: for the other
seven heads (112 scouts), every plan was within 3.3 degrees, and the readings of four scouts
differed by more than this."""


@dataclass(frozen=True, eq=False)
class LocalizerCallosum:
    """The callosum on the midsagittal plane of a localizer.

    Attributes:
        callosum: Outline on the plane; its picture is the nearest slice, moved onto the plane.
        spread: Weighted deviation of box and angle between the slices; None for one slice.
    """

    callosum: Callosum
    spread: Spread | None


def find_localizer_callosum(
    slices: Sequence[SliceImage],
    distance_mm: float,
    plane: MidsagittalPlane,
    segmenter: Segmenter,
) -> LocalizerCallosum | None:
    """The midsagittal callosum of a localizer, or None if no slice shows one.

    Args:
        slices: Slices that `sagittal_slices` returned.
        distance_mm: Distance between the sagittal slices.
        plane: The midsagittal plane.
        segmenter: Opened model.
    """
    if not slices:
        return None
    width_mm = max(_LEAST_WIDTH_MM, distance_mm / 2)
    place = slices_on_plane(slices, plane, segmenter.contract.spacing_mm)
    picture = composed(slices, place, width_mm / 2)
    together = find_callosa([picture], segmenter)[0]
    order = place.nearest_to((0.0, 0.0) if together is None else together.box.center_mm)
    looked_at = [slices[index] for index in order[:MOST_LOOKED_AT]]
    # Close views of each slice gain nothing here (docs/log/segmenters.md).
    each = glance_at(looked_at, segmenter)
    found = [one for one in each if one is not None]
    if not found:
        return None
    maps = [moved_onto(one.component, one.slice_image, picture) for one in found]
    trust = np.maximum([one.quality.confidence for one in found], _LEAST_TRUST)
    used = [index for index, one in zip(order, each, strict=False) if one is not None]
    window = _window(maps if together is None else [*maps, together.component])
    shares = place.of(used).shares(width_mm, trust, window)
    single = _pooled_within(window, maps, shares)
    both = (
        single
        if together is None
        else _pooled_within(window, [single, together.component], _HALVES)
    )
    outlined = outline_callosum(both, picture)
    if outlined is None:
        return None
    inside = outlined.component >= LEVEL
    quality = replace(outlined.quality, confidence=outlined.quality.confidence**DOUBT_POWER)
    quality = quality.lowered(OFF_MM.score(float(place.nearest_mm(inside).mean())), "off_midline")
    quality = _lowered_by_readings(quality, find_outline(single, picture), together)
    weights = shares[:, inside[window]].mean(axis=1)
    spread = _spread([find_outline(one, picture) for one in maps], outlined, weights)
    # Shown is what was acquired, not what was made of it.
    nearest = looked_at[0]
    shown = replace(picture, pixels=moved_onto(nearest.pixels, nearest, picture))
    callosum = replace(outlined, slice_image=shown, quality=quality)
    return LocalizerCallosum(callosum, spread)


_HALVES: Final = np.full((2, 1, 1), 0.5)


def _window(maps: Sequence[NDArray[np.floating]]) -> Window:
    """Rows and columns beyond which all maps are at their least: there is nothing to pool."""
    shown = np.any([one > LEAST_PROBABILITY for one in maps], axis=0)
    rows, columns = (np.flatnonzero(shown.any(axis=axis)) for axis in (1, 0))
    if len(rows) == 0:  # all of it was moved out of sight
        return slice(0, 1), slice(0, 1)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _pooled_within(
    window: Window, maps: Sequence[NDArray[np.floating]], shares: Array
) -> NDArray[np.float32]:
    """`pooled` of whole maps, with shares of the window beyond which they are at their least."""
    together = np.full(maps[0].shape, LEAST_PROBABILITY, np.float32)
    together[window] = pooled([one[window] for one in maps], shares)
    return together


def _lowered_by_readings(
    quality: Quality, pooled: Outline | None, together: Callosum | None
) -> Quality:
    """The quality, lowered by how far the reading by single slices and the joint one differ."""
    if pooled is None or together is None:
        return quality.lowered(0.0, "neighbours_disagree")
    turn_deg = abs(axis_difference_deg(pooled.box.angle_deg, together.box.angle_deg))
    both = int(pooled.mask.sum()) + int(together.mask.sum())
    dice = 2 * int((pooled.mask & together.mask).sum()) / both
    factor = min(READINGS_DEG.score(turn_deg), READINGS_DICE.score(dice))
    return quality.lowered(factor, "neighbours_disagree")


def _spread(alone: Sequence[Outline | None], together: Callosum, weights: Array) -> Spread | None:
    pairs = [(one, weight) for one, weight in zip(alone, weights, strict=True) if one is not None]
    if len(pairs) < 2:
        return None
    shares = np.array([weight for _, weight in pairs])
    shares /= shares.sum()
    box = together.box
    angles = [axis_difference_deg(one.box.angle_deg, box.angle_deg) for one, _ in pairs]
    centers = [np.subtract(one.box.center_mm, box.center_mm) for one, _ in pairs]
    return Spread(
        angle_deg=float(np.sqrt(shares @ np.square(angles))),
        center_mm=float(np.sqrt(shares @ np.sum(np.square(centers), axis=1))),
    )
