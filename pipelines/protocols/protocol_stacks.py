"""The stacks of a protocol: along its line, about its centre, and how both are known."""

from dataclasses import dataclass
from typing import Any, Final

from highdicom import Volume

from callosal.pipelines.callosum.segmentation import Callosum
from callosal.pipelines.geometry.plane_angles import wrap_axis_deg
from callosal.pipelines.geometry.reference_line import LineKind, find_reference_line
from callosal.pipelines.geometry.rotated_box import Point, RotatedBox
from callosal.pipelines.planning.head_extent import reach_of_head_mm
from callosal.pipelines.planning.plan import ScanPlan, make_plan, plan_axes
from callosal.pipelines.protocols.brain_lines import (
    AC,
    AC_PC,
    PC,
    BrainLine,
    ac_pc_line,
    assumed_line,
)
from callosal.pipelines.protocols.callosal_frame import CallosalFrame
from callosal.pipelines.protocols.commissures import Commissures, find_commissures
from callosal.pipelines.settings import PlanSettings, ProtocolSettings

COARSEST_MM: Final = 3.5
"""Voxel along the slice above which the commissures are not looked for: both are 3 to 5 mm."""

OF_CALLOSUM: Final = frozenset({"final", *LineKind})
"""Lines that the outline of the callosum gives."""

MOST_TILT_SD: Final = 3.0
"""Commissures whose line is farther from the callosum than that are refused."""


@dataclass(frozen=True)
class Sight:
    """What was seen of the commissures.

    Attributes:
        commissures: Both, where they are found.
        likeness: How much the best places look like them; None where they were not looked for.
        reason: Why they are missing: `not_a_volume`, `coarse_voxels` or `commissures_not_seen`.
    """

    commissures: Commissures | None
    likeness: float | None
    reason: str | None


def protocol_stacks(
    protocol: ProtocolSettings,
    settings: PlanSettings,
    callosum: Callosum,
    final: RotatedBox,
    head: Volume,
    is_volume: bool,
) -> tuple[ScanPlan, dict[str, Any]]:
    """The three stacks of a protocol.

    Args:
        protocol: Line and centre.
        settings: Slices, fields of view and margins.
        callosum: What was found on the midsagittal slice.
        final: Its final region.
        head: Coarse mask of `find_head`.
        is_volume: Whether the slice was cut from a volume, so that the commissures may be seen.

    Returns:
        The stacks, and the entry `protocol` of the plan document.

    Raises:
        GeometryError: The outline is degenerate.
    """
    place = callosum.slice_image
    frame = CallosalFrame.of(callosum.contour_mm, callosum.box)
    looks = not (protocol.line in OF_CALLOSUM and protocol.center == "final")
    sight = _look(callosum, frame, is_volume) if looks else None
    ac_pc = ac_pc_line(frame, None if sight is None else sight.commissures)
    line = _line(protocol.line, callosum, final, ac_pc)
    center = _center(protocol.center, callosum, final, frame, ac_pc, sight)
    angle_deg = wrap_axis_deg(line.angle_deg + protocol.angle_offset_deg)
    roi = RotatedBox(center.center_mm, final.size_mm, angle_deg)
    extent = reach_of_head_mm(head, plan_axes(place, angle_deg), place.mm_to_lps(roi.center_mm))
    entry = {
        "name": protocol.name,
        "line": {
            "kind": protocol.line,
            "angle_deg": _rounded(wrap_axis_deg(line.angle_deg)),
            "measured": line.is_measured,
            "spread_deg": _rounded(line.spread_deg),
            "basis": line.basis,
            "source": line.source,
        },
        "angle_offset_deg": protocol.angle_offset_deg,
        "center": {
            "kind": protocol.center,
            "center_mm": [_rounded(part) for part in center.center_mm],
            "measured": center.is_measured,
            "spread_mm": _rounded(center.spread_mm),
        },
        "commissures": None if sight is None else _sight_entry(sight),
    }
    return make_plan(place, roi, extent, settings), entry


@dataclass(frozen=True)
class _Center:
    center_mm: Point
    is_measured: bool
    spread_mm: float | None = None


def _look(callosum: Callosum, frame: CallosalFrame, is_volume: bool) -> Sight:
    if not is_volume:
        return Sight(None, None, "not_a_volume")
    if max(callosum.slice_image.voxel_mm) > COARSEST_MM:
        return Sight(None, None, "coarse_voxels")
    found = find_commissures(callosum.slice_image, frame)
    tilt = wrap_axis_deg(found.angle_deg - frame.angle_deg) - AC_PC.angle_deg
    if not found.is_found or abs(tilt) > MOST_TILT_SD * AC_PC.angle_sd_deg:
        return Sight(None, found.likeness, "commissures_not_seen")
    return Sight(found, found.likeness, None)


def _line(kind: str, callosum: Callosum, final: RotatedBox, ac_pc: BrainLine) -> BrainLine:
    if kind == "final":
        return BrainLine(final.angle_deg, final.center_mm, True)
    if kind in OF_CALLOSUM:
        found = find_reference_line(kind, callosum.contour_mm, callosum.box)
        return BrainLine(found.angle_deg, found.center_mm, True)
    return ac_pc if kind == "ac_pc" else assumed_line(kind, ac_pc)


def _center(
    kind: str,
    callosum: Callosum,
    final: RotatedBox,
    frame: CallosalFrame,
    ac_pc: BrainLine,
    sight: Sight | None,
) -> _Center:
    if kind == "final":
        return _Center(final.center_mm, True)
    if kind in {"ac", "pc"}:
        if sight is not None and sight.commissures is not None:
            found = sight.commissures
            return _Center(found.ac_mm if kind == "ac" else found.pc_mm, True)
        x, y = frame.to_slice_mm(AC if kind == "ac" else PC)
        return _Center((float(x), float(y)), False, AC_PC.center_sd_mm)
    line = _line(kind, callosum, final, ac_pc)
    assert line.center_mm is not None  # every point that may be chosen has one
    return _Center(line.center_mm, line.is_measured, line.spread_mm)


def _sight_entry(sight: Sight) -> dict[str, Any]:
    found = sight.commissures
    return {
        "ac_mm": None if found is None else [_rounded(part) for part in found.ac_mm],
        "pc_mm": None if found is None else [_rounded(part) for part in found.pc_mm],
        "angle_deg": None if found is None else _rounded(found.angle_deg),
        "likeness": _rounded(sight.likeness),
        "reason": sight.reason,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4) + 0.0
