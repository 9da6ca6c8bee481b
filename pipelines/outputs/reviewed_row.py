"""The row of a case that a person has reviewed: one rule for the table and the report."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from callosal.pipelines.outputs.case_folder import read_done
from callosal.pipelines.outputs.rejection import REJECTED_STATUS
from callosal.pipelines.outputs.results import failed_row, plan_row
from callosal.pipelines.planning.plan_file import Plan


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
        return failed_row(name, str(row.get("kind") or ""), REJECTED_STATUS, REJECTED_STATUS)
    return plan_row(name, Plan.from_document(review["plan"]), float(row.get("seconds") or 0.0))


def automatic_row(folder: Path, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row of a case as `callosal infer` left it, where the tables may say that it is rejected.

    Args:
        folder: Folder of the case.
        row: Its row of the tables; empty where there is none.
    """
    if row.get("status") != REJECTED_STATUS:
        return row
    done = read_done(folder)
    return row if done is None else {**row, **done.row}
