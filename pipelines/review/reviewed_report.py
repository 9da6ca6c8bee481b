"""plan_sr.reviewed.dcm: the structured report of a reviewed plan."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_reviewed_report(folder: Path, review: Mapping[str, Any]) -> list[str]:
    """Make the report of a review, where the case has one.

    Args:
        folder: Folder of the case.
        review: The review.

    Returns:
        Why there is none, in words; empty where it was made.
    """
    return []
