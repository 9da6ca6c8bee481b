"""Reviews of the cases of a run, as the page would save them."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from scipy import ndimage

from callosal.pipelines.review.case_files import case_names
from callosal.pipelines.review.correction import automatic_roi
from callosal.pipelines.review.history import add_review
from callosal.pipelines.review.review_document import Decision, Judgement, review_document
from callosal.pipelines.review.review_session import ReviewSession


def case_like(run: Path, word: str) -> str:
    """The case whose name holds a word."""
    (name,) = (name for name in case_names(run) if word in name)
    return name


def decide(run: Path, name: str, decision: Decision, grown: int = 0, turn_deg: float = 0.0) -> None:
    """Keep a decision on a case; `grown` steps of growth correct its mask."""
    desk = ReviewSession.of(run)
    case = desk.case(name)
    before = automatic_roi(case.plan, desk.settings)
    assert case.mask is not None
    assert before is not None
    mask = ndimage.binary_dilation(case.mask, iterations=grown) if grown else None
    roi = before.rotated_about(before.center_mm, turn_deg) if turn_deg else None
    drawn = None if mask is None else mask.astype(np.uint8)
    judgement = Judgement(decision, "A", "", roi, drawn)
    revision = desk.case_entry(name)["revision"] + 1
    document = review_document(case, judgement, desk.settings, revision, datetime.now(UTC))
    add_review(desk.folder(name), document)
