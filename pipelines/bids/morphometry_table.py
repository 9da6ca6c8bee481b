"""The measures of one image as tables, and what their columns mean."""

from collections.abc import Mapping
from typing import Any

from callosal.pipelines.bids.dataset import BidsImage
from callosal.pipelines.bids.tsv import tsv_text
from callosal.pipelines.planning.plan_file import Plan

PROFILE = "thickness_profile_mm"
KEYS = ("participant_id", "session_id", "image")
QUALITY = ("status", "confidence", "reasons", "finding")
POSE = ("final_angle_deg", "plane_deg", "plane_mm")

COLUMN_WORDS: Mapping[str, Mapping[str, str]] = {
    "participant_id": {"Description": "participant"},
    "session_id": {"Description": "session; n/a in a dataset without sessions"},
    "image": {"Description": "image in the dataset that was measured"},
    "status": {
        "Description": "ok: measured with confidence; low_confidence: measured, look at it; "
        "no_callosum: none was found; failed or skipped: the image could not be used"
    },
    "confidence": {"Description": "0 to 1; below 0.5 do not rely on the measures"},
    "reasons": {"Description": "codes of what lowered the confidence, parted by semicolons"},
    "finding": {"Description": "whether the callosum is whole, thin, partial, absent or unknown"},
    "final_angle_deg": {"Description": "tilt of the callosum", "Units": "deg"},
    "plane_deg": {"Description": "uncertainty of the midsagittal plane", "Units": "deg"},
    "plane_mm": {"Description": "uncertainty of the midsagittal plane", "Units": "mm"},
}
_UNITS = {"_mm2": "mm^2", "_cm3": "cm^3", "_per_mm": "1/mm", "_mm": "mm", "_deg": "deg"}


def morphometry_tsv(image: BidsImage, row: Mapping[str, Any], plan: Plan | None) -> str:
    """The table of one row: keys, quality, pose and every measure.

    Args:
        image: The image.
        row: Its row in the tables of the run.
        plan: Its plan; None where it could not be read.
    """
    values = {
        "participant_id": image.participant,
        "session_id": image.session,
        "image": image.name,
        "status": row["status"],
        "confidence": row["confidence"],
        "reasons": row["reasons"],
        "finding": None if plan is None else str(plan.finding.kind),
        "final_angle_deg": row["final_angle_deg"],
        **{name: _uncertainty(plan, name) for name in ("plane_deg", "plane_mm")},
    }
    measures = {} if plan is None else scalars(plan)
    return tsv_text((*KEYS, *QUALITY, *POSE, *measures), [{**values, **measures}])


def scalars(plan: Plan) -> dict[str, float | None]:
    """Every measure that is one number, by name; empty without a callosum."""
    measures = plan.morphometry or {}
    return {
        name: value for name, value in measures.items() if not isinstance(value, list | Mapping)
        and name != PROFILE
    }  # fmt: skip


def thickness_tsv(plan: Plan) -> str | None:
    """The thickness profile, one row a place, rostrum first; None where there is no midline."""
    profile = (plan.morphometry or {}).get(PROFILE)
    if profile is None:
        return None
    rows = [
        {"position": round((index + 0.5) / len(profile), 4), "thickness_mm": value}
        for index, value in enumerate(profile)
    ]
    return tsv_text(("position", "thickness_mm"), rows)


def column_description(name: str) -> dict[str, str]:
    """Description and unit of a column, for a sidecar.

    >>> column_description("area_mm2")["Units"]
    'mm^2'
    """
    if name in COLUMN_WORDS:
        return dict(COLUMN_WORDS[name])
    unit = next((unit for ending, unit in _UNITS.items() if name.endswith(ending)), None)
    said = {"Description": "see docs/reference/measures.md of callosal"}
    return said if unit is None else {**said, "Units": unit}


def _uncertainty(plan: Plan | None, name: str) -> float | None:
    return None if plan is None or plan.uncertainty is None else plan.uncertainty.get(name)
