"""Plan documents of the schema `callosal/plan/1`, read as those of today."""

from collections.abc import Mapping
from typing import Any

from callosal.pipelines.callosum.finding import UNKNOWN
from callosal.pipelines.planning.findings import (
    ASSUMED_CONFIDENCE,
    ASSUMED_REASON,
    Status,
    assumed_angles,
)
from callosal.pipelines.planning.plan_document import SCHEMA, finding_entry

FIRST = "callosal/plan/1"


def current_plan(document: Mapping[str, Any]) -> dict[str, Any]:
    """A plan document in the schema of today.

    The first version did not say which angles of the stacks were assumed, and called a plan on
    2D sagittal slices `ok`; it gets what such a plan has now. Nor did it look for missing parts:
    its finding is `unknown`.

    Args:
        document: Content of a plan.json of any version, checked or not.

    Returns:
        A copy; of a document that is not of the first version, as it is.
    """
    planes = document.get("planes")
    if document.get("schema") != FIRST:
        return dict(document)
    current = {**document, "schema": SCHEMA, "finding": finding_entry(UNKNOWN)}
    if not isinstance(planes, dict):
        return current
    assumed = assumed_angles(document.get("dof_estimated"))
    current["planes"] = {
        name: {**stack, "assumed": list(assumed)} if isinstance(stack, dict) else stack
        for name, stack in planes.items()
    }
    if assumed:
        confidence = document.get("confidence")
        current |= {
            "status": str(Status.LOW_CONFIDENCE),
            "confidence": None if confidence is None else min(confidence, ASSUMED_CONFIDENCE),
            "reasons": [ASSUMED_REASON, *document.get("reasons", ())],
        }
    return current
