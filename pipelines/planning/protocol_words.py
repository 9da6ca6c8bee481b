"""What a plan document says of its protocol, in words for report and picture."""

from collections.abc import Mapping
from typing import Any, Final

LINE_NAMES: Final = {
    "final": "pose of the callosum",
    "subcallosal": "subcallosal line",
    "endpoints": "line from genu to splenium",
    "principal_axis": "principal axis",
    "ac_pc": "AC-PC line",
    "orbitomeatal": "orbitomeatal line",
    "hippocampal": "hippocampal line",
    "brain_stem": "brain stem line",
}

DEGREE: Final = "\N{DEGREE SIGN}"


def protocol_words(document: Mapping[str, Any]) -> str:
    """Line and centre of a plan's protocol and how both are known; "" for a plan without one.

    >>> line = {"kind": "ac_pc", "angle_deg": 5.25, "measured": False, "spread_deg": 3.1}
    >>> protocol_words({"protocol": {"name": "own", "line": line, "angle_offset_deg": 5.8,
    ...     "center": {"measured": True}, "commissures": {"reason": "coarse_voxels"}}})
    'own: AC-PC line 5.2\N{DEGREE SIGN} assumed \N{PLUS-MINUS SIGN} 3.1\N{DEGREE SIGN}, offset \
5.8\N{DEGREE SIGN}; commissures not measured: coarse voxels'
    """
    entry = document.get("protocol")
    if not isinstance(entry, dict):
        return ""
    line, center, sight = entry["line"], entry["center"], entry["commissures"]
    name, known = LINE_NAMES[line["kind"]], _known(line, "spread_deg", DEGREE)
    parts = [f"{name} {line['angle_deg']:.1f}{DEGREE} {known}"]
    if entry["angle_offset_deg"]:
        parts.append(f"offset {entry['angle_offset_deg']:g}{DEGREE}")
    if not center["measured"]:
        parts.append(f"centre {_known(center, 'spread_mm', ' mm')}")
    missing = "" if sight is None else sight["reason"]
    why = f"; commissures not measured: {missing.replace('_', ' ')}" if missing else ""
    return f"{entry['name']}: {', '.join(parts)}{why}"


def _known(part: Mapping[str, Any], spread: str, unit: str) -> str:
    if part["measured"]:
        return "measured"
    return f"assumed \N{PLUS-MINUS SIGN} {part[spread]:.1f}{unit}"
