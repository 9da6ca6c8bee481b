"""What the page shows of a plan document beside its row: stacks, profile, slices it rests on."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from callosal.pipelines.planning.plan_versions import current_plan
from callosal.pipelines.planning.protocol_words import protocol_words

STACKS = ("transverse", "coronal", "sagittal")
LONGEST_PROFILE = 1000
ORIENTATIONS = ("sagittal", "coronal", "axial")


@dataclass(frozen=True)
class PlanFacts:
    """Facts of a plan; empty without a plan.

    Attributes:
        timings_ms: Milliseconds by stage.
        stacks: By name, in the order of `STACKS`: `n_slices`, `thickness_mm`, `gap_mm`,
            `fov_mm`, `prescription` and `assumed`, as in plan.json.
        profile_mm: Thickness along the midline, anterior first, to 0.01 mm.
        rests_on: Of a localizer, its slices, such as "5 sagittal, 5 coronal, 5 axial slices".
        repeats: Of a follow-up, how its stacks were set and how far they lie from its own plan.
        protocol: Line and centre of its protocol and how both are known; "" without one.
        no_bars: Why the plan has no error bars, as a reason code; "" if it has some.
    """

    timings_ms: Mapping[str, float]
    stacks: Mapping[str, Mapping[str, Any]]
    profile_mm: tuple[float, ...]
    rests_on: str = ""
    repeats: str = ""
    protocol: str = ""
    no_bars: str = ""


def plan_facts(document: Mapping[str, Any]) -> PlanFacts:
    """The facts of a plan document; values of an unexpected form are left out."""
    document = current_plan(document)
    timings, planes = _part(document, "timings_ms"), _part(document, "planes")
    stacks = {name: _stack(_part(planes, name)) for name in STACKS}
    return PlanFacts(
        {str(stage): ms for stage, value in timings.items() if (ms := number(value)) is not None},
        {name: stack for name, stack in stacks.items() if stack is not None},
        _profile_mm(_part(document, "morphometry").get("thickness_profile_mm")),
        _rests_on(_part(document, "source").get("stacks")),
        _repeats(_part(document, "follow_up")),
        _protocol(document),
        _no_bars(_part(_part(document, "uncertainty"), "reasons")),
    )


def number(value: object) -> float | None:
    """A finite number, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value


def _no_bars(reasons: Mapping[str, Any]) -> str:
    """Why there is no bar of the angle; where it has one, only the plane may lack its own."""
    code = reasons.get("angle95_deg")
    return code if isinstance(code, str) else ""


def _stack(entry: Mapping[str, Any]) -> dict[str, Any] | None:
    fov_mm = entry.get("fov_mm")
    sides = [number(side) for side in fov_mm] if isinstance(fov_mm, list) else []
    numbers = {name: number(entry.get(name)) for name in ("n_slices", "thickness_mm", "gap_mm")}
    text = entry.get("prescription")
    if None in (*numbers.values(), *sides) or len(sides) != 2 or not isinstance(text, str):
        return None
    assumed = entry.get("assumed")
    known = [str(angle) for angle in assumed] if isinstance(assumed, list) else []
    return {**numbers, "fov_mm": sides, "prescription": text, "assumed": known}


def _profile_mm(values: object) -> tuple[float, ...]:
    if not isinstance(values, list) or len(values) > LONGEST_PROFILE:
        return ()
    known = [round(mm, 2) for value in values if (mm := number(value)) is not None]
    return tuple(known) if len(known) == len(values) else ()


def _rests_on(stacks: object) -> str:
    """Slices of each orientation; stacks of one orientation are added up."""
    counts = dict.fromkeys(ORIENTATIONS, 0)
    for stack in stacks if isinstance(stacks, list) else []:
        facts = stack if isinstance(stack, dict) else {}
        name, count = facts.get("orientation"), facts.get("n_slices")
        if isinstance(name, str) and name in counts and isinstance(count, int):
            counts[name] += count
    parts = [f"{count} {name}" for name, count in counts.items() if count > 0]
    return f"{', '.join(parts)} slices" if parts else ""


def _repeats(entry: Mapping[str, Any]) -> str:
    """What a follow-up repeats, in words; "" for another plan."""
    turn_deg, shift_mm = number(entry.get("turn_deg")), number(entry.get("shift_mm"))
    if turn_deg is None or shift_mm is None:
        return ""
    why = str(entry.get("reason")).replace("_", " ")
    how = "by registration" if entry.get("refined") is True else f"by the callosum alone ({why})"
    away = f"{turn_deg:.2f}\N{DEGREE SIGN} and {shift_mm:.2f} mm"
    return f"stacks of the first visit, {how}; {away} from the plan without it"


def _protocol(document: Mapping[str, Any]) -> str:
    try:
        return protocol_words(document)
    except (KeyError, TypeError, ValueError):
        return ""  # of an unexpected form


def _part(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}
