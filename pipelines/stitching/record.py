"""stitched.json: what was joined, how, and how far it can be trusted."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import numpy as np

from callosal.pipelines.stitching.joint import Joint
from callosal.pipelines.stitching.settings import StitchSettings
from callosal.pipelines.stitching.stitch import PlacedStation, Stitched

SCHEMA = "callosal/stitch/1"
LOW_CONFIDENCE = 0.6


def status_of(stitched: Stitched) -> str:
    """`ok`, or `low_confidence` where something speaks against the result."""
    is_sure = stitched.confidence >= LOW_CONFIDENCE and not stitched.reasons
    return "ok" if is_sure else "low_confidence"


def stitch_record(
    stitched: Stitched, sources: Mapping[int, Mapping[str, Any]], settings: StitchSettings
) -> dict[str, Any]:
    """The content of stitched.json.

    Args:
        stitched: The result.
        sources: Facts of each station given, by its number; none tells who the patient is.
        settings: How it was joined.
    """
    volume = stitched.volume
    return {
        "schema": SCHEMA,
        "status": status_of(stitched),
        "confidence": _number(stitched.confidence),
        "reasons": list(stitched.reasons),
        "messages": [j.message for j in (*stitched.joints, *stitched.refused) if j.message],
        "grid": {
            "shape": list(volume.spatial_shape),
            "spacing_mm": [_number(step) for step in volume.spacing],
            "affine_lps": np.round(volume.affine, 6).tolist(),
        },
        "empty_share": _number(stitched.empty_share),
        "stations": [_station(one, sources.get(one.index, {})) for one in stitched.stations],
        "joints": [_joint(joint) for joint in stitched.joints],
        "refused": [_joint(joint) for joint in stitched.refused],
        "settings": {
            name: str(value) if isinstance(value, str) else value
            for name, value in asdict(settings).items()
        },
        "software": {"callosal": version("callosal")},
    }


def _station(station: PlacedStation, source: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "source": dict(source),
        "shift_lps_mm": [_number(value) for value in station.shift_lps_mm],
        "gain": _number(station.gain),
    }


def _joint(joint: Joint) -> dict[str, Any]:
    found = joint.registration
    return {
        "upper_station": joint.upper,
        "overlap_mm": _number(joint.height_mm),
        "correlation": None if found is None else _number(found.correlation),
        "agreement": None if found is None else _number(found.agreement),
        "shift_down_mm": None if found is None else _number(found.down_mm),
        "shift_along_mm": None if found is None else _number(found.along_mm),
        "spread_mm": None if found is None else _number(found.spread_mm),
        "brightness_ratio": None if joint.gain_log is None else _number(math.exp(joint.gain_log)),
        "confidence": _number(joint.confidence),
        "refusal": joint.refusal or None,
        "reasons": list(joint.reasons),
        "message": joint.message or None,
    }


def _number(value: float) -> float | None:
    """Rounded to 1e-4; None for what is no number."""
    return round(float(value), 4) + 0.0 if math.isfinite(value) else None
