"""Why a case is not `ok`, in one sentence: the first cause in words, before the list of codes.

A weak mask is a symptom where the images themselves are unfit, so these are looked at first.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from callosal.pipelines.dicom.contrast import weighting
from callosal.pipelines.pictures.reason_words import REASONS

THICK_MM = 5.0
"""Slices of a volume that leave too little of a callosum to see (docs/reference/limits.md)."""

DOUBTFUL_CONTRASTS = {"FLAIR": "FLAIR", "PDw": "proton density"}
"""On these more plans end in doubt than on T1 and T2 (docs/reference/robustness.md)."""

CAUSES = (
    "coarse_voxels",
    "cut_by_field_of_view", "field_of_view_too_small", "too_little_head", "partial_callosum",
    "ends_may_be_lost", "off_midline", "midline_unknown", "filled_slices", "blank_slice",
    "odd_slice",
    "equal_voxels", "stray_voxels", "steep_tilt", "weak_symmetry", "rival_plane",
    "neighbours_disagree", "alone_among_neighbours", "in_pieces", "second_candidate",
    "blurred_border",
)  # fmt: skip
"""What explains other reasons, first things first; a reason that is not here comes after them."""

SYMPTOMS = frozenset({
    "coarse_voxels",
    "nothing_segmented", "weak_evidence", "low_contrast", "blurred_border", "indistinct_border",
    "in_pieces", "not_arched", "arch_leans", "area_out_of_range", "length_out_of_range",
    "width_out_of_range", "box_axis_disagree", "neighbours_disagree", "alone_among_neighbours",
    "second_candidate", "partial_callosum",
})  # fmt: skip
"""What unfit images come to: doubts about the mask."""

_ASSUMED = frozenset({"tilt_and_turn_assumed", "line_assumed", "center_assumed"})
_OPENINGS = {
    "low_confidence": "Not certain",
    "no_callosum": "No plan",
    "failed": "Not planned",
    "skipped": "Left out",
    "rejected": "Rejected",
    "joined": "Still to do",
}


def first_cause(status: str, reasons: Sequence[str], source: Mapping[str, Any]) -> str:
    """The first cause of a doubt or refusal, as a sentence.

    Args:
        status: Status of the case.
        reasons: Its reason codes.
        source: What plan.json says of its source; empty where there is no plan.

    Returns:
        The sentence; "" for a case that is `ok` or has no reason.

    >>> first_cause("no_callosum", ["nothing_segmented"],
    ...             {"kind": "dicom", "spacing_mm": [6.0, 0.9, 0.9], "orientation": "axial"})
    'No plan: slices of 6 mm are too thick for this network.'
    >>> first_cause("low_confidence", ["weak_evidence", "cut_by_field_of_view"], {})
    'Not certain: the callosum reaches the edge of the scanned region.'
    >>> first_cause("joined", ["tilt_and_turn_assumed", "corrected_by_hand"], {})
    'Joined: a person has set the pose in a review.'
    >>> first_cause("ok", [], {})
    ''
    """
    if status == "ok" or not reasons:
        return ""
    cause = _of_images(source) if SYMPTOMS & set(reasons) else ""
    is_done = status == "joined" and "set_by_hand_only" not in reasons
    opening = "Joined" if is_done else _OPENINGS.get(status, "Refused")
    return f"{opening}: {cause or _of_codes(reasons)}."


def document_cause(document: Mapping[str, Any]) -> str:
    """The same of a plan document, whatever it holds."""
    reasons, source = document.get("reasons"), document.get("source")
    codes = [str(code) for code in reasons] if isinstance(reasons, list) else []
    return first_cause(
        str(document.get("status")), codes, source if isinstance(source, dict) else {}
    )


def _of_images(source: Mapping[str, Any]) -> str:
    """What makes the images unfit; "" if nothing is known to."""
    times = [_number(source.get(f"{name}_time_ms")) for name in ("repetition", "echo", "inversion")]
    contrast = DOUBTFUL_CONTRASTS.get(str(source.get("contrast") or weighting(*times)))
    if contrast is not None:
        known = None not in times[:2]
        times_text = f" (TR {times[0]:g} ms, TE {times[1]:g} ms)" if known else ""
        return f"the exam is {contrast}{times_text}, on which this network is less sure than on T1"
    spacing = source.get("spacing_mm")
    sides = [_number(side) or 0.0 for side in spacing] if isinstance(spacing, list) else []
    is_sagittal = str(source.get("orientation", "")).startswith("sagittal")
    if source.get("kind") != "localizer" and not is_sagittal and max(sides, default=0) >= THICK_MM:
        return f"slices of {max(sides):.3g} mm are too thick for this network"
    return ""


def _of_codes(reasons: Sequence[str]) -> str:
    ranks = {code: rank for rank, code in enumerate(CAUSES)}
    last = len(CAUSES)
    first = min(reasons, key=lambda code: last + 1 if code in _ASSUMED else ranks.get(code, last))
    return REASONS[first].meaning if first in REASONS else first.replace("_", " ")


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else None  # type: ignore[arg-type]
