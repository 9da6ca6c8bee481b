"""The review of a case, read back for the page."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callosal.pipelines.outputs.file_names import REVIEWED_PLAN
from callosal.pipelines.outputs.reviewed_row import reviewed_row

UNREADABLE = "unreadable"
DECISIONS = ("accepted", "corrected", "rejected", UNREADABLE)


@dataclass(frozen=True)
class CaseReview:
    """The newest review of a case.

    Attributes:
        decision: One of `DECISIONS`; the last if the file is not a review.
        reviewer: Name of the reviewer.
        comment: Reason.
        reviewed_at: When, in UTC.
        is_old: Whether the case was planned again since.
        row: The case's row as the review leaves it; None if it could not be read.
        plan: The reviewed plan document; None if it was rejected or could not be read.
    """

    decision: str
    reviewer: str
    comment: str
    reviewed_at: str
    is_old: bool
    row: Mapping[str, Any] | None
    plan: Mapping[str, Any] | None


def read_review(folder: Path, row: Mapping[str, Any], plan_sha256: str) -> CaseReview | None:
    """The review of a case folder.

    Args:
        folder: Folder of the case.
        row: The row as `callosal infer` left it.
        plan_sha256: Hash of its plan.json of now.

    Returns:
        None if nobody has reviewed it. A file that is not a review is not ignored: the page must
        say that the number it shows may have been corrected.
    """
    path = folder / REVIEWED_PLAN
    if not path.is_file():
        return None
    try:
        review = json.loads(path.read_text(encoding="utf-8"))
        decision = DECISIONS[DECISIONS.index(review["decision"])]
        return CaseReview(
            decision=decision,
            reviewer=str(review["reviewer"]),
            comment=str(review["comment"]),
            reviewed_at=str(review["reviewed_at"]),
            is_old=review["plan_sha256"] != plan_sha256,
            row=reviewed_row(review, row),
            plan=review["plan"],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return CaseReview(UNREADABLE, "", "", "", False, None, None)
