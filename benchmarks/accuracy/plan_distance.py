"""How far two plans of one head lie apart in patient space."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from callosal.models.arrays import Array


@dataclass(frozen=True)
class PlanDistance:
    """A plan against its reference.

    Attributes:
        turn_deg: The whole rotation between the transverse stacks.
        sagittal_deg: Between the normals of the midsagittal planes.
        transverse_deg: Between the normals of the transverse stacks.
        centre_mm: Between the final centres.
        offset_mm: Of the centre from the reference's midsagittal plane.
    """

    turn_deg: float
    sagittal_deg: float
    transverse_deg: float
    centre_mm: float
    offset_mm: float


MEASURES = tuple(one.name for one in fields(PlanDistance))


def distance(
    reference: Mapping[str, Any], found: Mapping[str, Any], motion: Array | None = None
) -> PlanDistance | None:
    """How far a plan lies from a reference.

    Args:
        reference: Content of plan.json.
        found: The same of the plan that is measured.
        motion: 4x4 matrix of the head's motion from the reference to the plan, LPS mm.

    Returns:
        None where either has no stacks.
    """
    if reference.get("planes") is None or found.get("planes") is None:
        return None
    motion = np.eye(4) if motion is None else motion
    turn = motion[:3, :3]
    before, after = _axes(reference) @ turn.T, _axes(found)
    normals = [np.array(plan["midsagittal"]["normal"]) for plan in (reference, found)]
    moved = turn @ normals[0]
    center = turn @ np.array(reference["final"]["center_lps_mm"]) + motion[:3, 3]
    shift = np.array(found["final"]["center_lps_mm"]) - center
    return PlanDistance(
        turn_deg=_degrees((np.trace(before @ after.T) - 1) / 2),
        sagittal_deg=_degrees(abs(moved @ normals[1])),
        transverse_deg=_degrees(abs(before[2] @ after[2])),
        centre_mm=float(np.linalg.norm(shift)),
        offset_mm=float(abs(shift @ moved)),
    )


def _axes(plan: Mapping[str, Any]) -> Array:
    """Directions of the transverse stack along rows, down columns and across, as rows."""
    rows, columns = np.reshape(plan["planes"]["transverse"]["image_orientation_patient"], (2, 3))
    return np.stack([rows, columns, np.cross(rows, columns)])


def _degrees(cosine: float) -> float:
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
