"""The row of a case that a person has reviewed: one rule for the table and the report."""

from collections.abc import Mapping
from typing import Any

from callosal.pipelines.outputs.results import failed_row, plan_row
from callosal.pipelines.planning.plan_versions import current_plan

REVIEWED_PLAN = "plan.reviewed.json"
"""Newest review of a case, in its folder."""


def reviewed_row(review: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """The row of results.csv as a review leaves it.

    Args:
        review: Content of plan.reviewed.json.
        row: The row as `callosal infer` left it; empty where there is none.

    Returns:
        The row of the reviewed plan; of a rejected case one without measures.
    """
    name = str(review["case_id"])
    if review["plan"] is None:
        return failed_row(name, str(row.get("kind") or ""), str(row.get("status")), "rejected")
    return plan_row(name, current_plan(review["plan"]), float(row.get("seconds") or 0.0))
