"""Reviews of the cases of a run, as the page would save them."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from scipy import ndimage

from callosal.pipelines.midplane.sagittal_slice import NEIGHBOURS_MM
from callosal.pipelines.pictures.neighbour_slab import slab_files
from callosal.pipelines.review.case_files import case_names
from callosal.pipelines.review.correction import automatic_roi
from callosal.pipelines.review.history import add_review
from callosal.pipelines.review.neighbours import NeighbourMasks
from callosal.pipelines.review.review_document import Decision, Judgement, review_document
from callosal.pipelines.review.review_session import ReviewSession


def case_like(run: Path, word: str) -> str:
    """The case whose name holds a word."""
    (name,) = (name for name in case_names(run) if word in name)
    return name


def add_neighbours(run: Path, name: str) -> None:
    """Give a case of a single slice slices beside it, brighter from left to right."""
    case = ReviewSession.of(run).case(name)
    place = case.midsagittal
    assert case.mask is not None
    slices = [
        replace(
            place,
            pixels=place.pixels + offset_mm,
            center_lps_mm=place.center_lps_mm + offset_mm * place.normal,
        )
        for offset_mm in NEIGHBOURS_MM
    ]
    for file, content in slab_files(place, case.mask, slices, np.stack([case.mask] * 4)).items():
        (run / "cases" / name / file).write_bytes(content)


def decide(
    run: Path,
    name: str,
    decision: Decision,
    grown: int = 0,
    turn_deg: float = 0.0,
    beside: NeighbourMasks | None = None,
) -> None:
    """Keep a decision on a case; `grown` steps of growth correct its mask."""
    desk = ReviewSession.of(run)
    case = desk.case(name)
    before = automatic_roi(case.plan, desk.settings)
    assert case.mask is not None
    assert before is not None
    mask = ndimage.binary_dilation(case.mask, iterations=grown) if grown else None
    roi = before.rotated_about(before.center_mm, turn_deg) if turn_deg else None
    drawn = None if mask is None else mask.astype(np.uint8)
    judgement = Judgement(decision, "A", "", roi, drawn, beside or {})
    revision = desk.case_entry(name)["revision"] + 1
    document = review_document(case, judgement, desk.settings, revision, datetime.now(UTC))
    add_review(desk.folder(name), document)
