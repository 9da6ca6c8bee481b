"""Cases as the script of the page reads them: what the table needs of all, and of each the rest."""

import base64
from collections.abc import Iterable
from typing import Any

from callosal.pipelines.report.outliers import far_from_median
from callosal.pipelines.report.run_folder import NUMBERS, ReportedCase

MARKED = ("final_angle_deg", "area_mm2", "confidence")
"""Measures whose distributions are drawn and whose outliers are marked."""

IN_TABLE = (*MARKED, "angle95_deg", "seconds")
"""Numbers that are columns; the others are seen of an open case."""


def case_rows(cases: Iterable[ReportedCase]) -> list[dict[str, Any]]:
    """What the table shows, sorts and searches, with the measures in which a case is an outlier."""
    listed = list(cases)
    marks = {name: far_from_median([_compared(case, name) for case in listed]) for name in MARKED}
    return [
        {
            **case.texts,
            **{name: case.numbers[name] for name in IN_TABLE},
            "reasons": [code for code in case.texts["reasons"].split(";") if code],
            "outliers": [name for name in MARKED if marks[name][index]],
            "cause": case.cause,
            "no_bars": case.facts.no_bars,
            "review": _review(case),
        }
        for index, case in enumerate(listed)
    ]


def case_details(case: ReportedCase) -> dict[str, Any]:
    """The small picture of a case, and what is seen once it is opened."""
    return {
        **{name: case.numbers[name] for name in NUMBERS if name not in IN_TABLE},
        "picture": None if case.picture is None else base64.b64encode(case.picture).decode("ascii"),
        "stacks": case.facts.stacks,
        "profile_mm": case.facts.profile_mm,
        "rests_on": case.facts.rests_on,
        "repeats": case.facts.repeats,
        "protocol": case.facts.protocol,
        "files": case.files,
        "sending": case.sending,
    }


def _review(case: ReportedCase) -> dict[str, Any] | None:
    """Reviewer, decision and time, with the automatic result."""
    review = case.review
    if review is None:
        return None
    return {
        "decision": review.decision,
        "reviewer": review.reviewer,
        "comment": review.comment,
        "reviewed_at": review.reviewed_at,
        "is_old": review.is_old,
        "automatic_angle_deg": case.automatic.numbers["final_angle_deg"],
        "automatic_transverse": case.automatic.texts["transverse"],
    }


def _compared(case: ReportedCase, name: str) -> float | None:
    """The value to compare with the others.

    Confidence has two clusters. The lower one is already marked by its status, so only the `ok`
    cases are compared with each other.
    """
    left_out = name == "confidence" and case.texts["status"] != "ok"
    return None if left_out else case.numbers[name]
