"""plan.reviewed.json: what a person decided on a plan, of the schema `callosal/review/1`."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator

from callosal.models.errors import InputError
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.planning.plan_validation import validate_plan
from callosal.pipelines.review.case_files import ReviewCase
from callosal.pipelines.review.correction import automatic_roi, corrected_plan, is_joined
from callosal.pipelines.review.hand_outline import HandOutline, hand_outline
from callosal.pipelines.review.mask_entry import Mask, mask_entry
from callosal.pipelines.review.neighbours import NeighbourMasks, neighbour_mask_entries
from callosal.pipelines.review.run_settings import RunSettings

SCHEMA = "callosal/review/1"


class Decision(StrEnum):
    """What a person made of a plan."""

    ACCEPTED = "accepted"
    CORRECTED = "corrected"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Judgement:
    """A decision as the reviewer gives it.

    Attributes:
        decision: Accept, correct or reject.
        reviewer: Who, in free text.
        comment: Why, in free text.
        roi: The region set by hand; for a correction alone. A correction of the mask may leave it
            out: then the region follows from the mask.
        mask: The mask set by hand, shape (H, W) of the midsagittal slice; for a correction alone.
        neighbours: Masks of the slices beside it that were set by hand; not for a rejection. They
            leave the plan as it is, so they go with an accepted plan too.
    """

    decision: Decision
    reviewer: str
    comment: str
    roi: RotatedBox | None
    mask: Mask | None = None
    neighbours: NeighbourMasks = field(default_factory=dict)


def outline_of(case: ReviewCase, judgement: Judgement, settings: RunSettings) -> HandOutline | None:
    """What rests on the mask of a correction; None where the automatic mask stands.

    Raises:
        InputError: The case is no head (`no_mask`).
        GeometryError: The mask cannot be that of a callosum.
    """
    mask = judgement.mask
    is_new = mask is not None and (case.mask is None or bool((mask != case.mask).any()))
    if judgement.decision is not Decision.CORRECTED or mask is None or not is_new:
        return None
    if is_joined(case):
        raise InputError(f"{case.name}: joined stations have no mask to correct", "no_mask")
    return hand_outline(mask, case.midsagittal, settings)


def review_document(
    case: ReviewCase, judgement: Judgement, settings: RunSettings, revision: int, now: datetime
) -> dict[str, Any]:
    """The document of one revision.

    Args:
        case: The case as `callosal infer` left it.
        judgement: What the reviewer decided.
        settings: Those of the run.
        revision: Number of the revision, from 1.
        now: When; an aware time.

    Raises:
        InputError: A plan that is not there is accepted (`no_plan`), a correction has no region
            (`no_roi`) or changes nothing (`no_change`), or the texts are too long
            (`invalid_review`).
        GeometryError: No plan can be made of the region or the mask.
    """
    before = automatic_roi(case.plan, settings)
    outline = outline_of(case, judgement, settings)
    roi, plan = _decided(case, judgement, settings, before, outline)
    document = {
        "schema": SCHEMA,
        "case_id": case.name,
        "revision": revision,
        "decision": str(judgement.decision),
        "reviewer": judgement.reviewer.strip(),
        "comment": judgement.comment.strip(),
        "reviewed_at": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "plan_sha256": case.plan_sha256,
        "roi": None if roi is None else roi_entry(roi),
        "mask": None if outline is None else mask_entry(outline.mask),
        "neighbours": None if roi is None else neighbour_mask_entries(judgement.neighbours),
        "changes": [] if roi is None else _changes(case, before, roi, outline),
        "plan": plan,
        "software": {"callosal": version("callosal")},
    }
    validate_review(document)
    return document


def validate_review(document: Mapping[str, Any]) -> None:
    """Check a review, and the plan in it, against their schemas.

    Raises:
        InputError: It does not keep them (`invalid_review`, `invalid_plan`).
    """
    for error in sorted(_validator().iter_errors(document), key=lambda error: error.json_path):
        raise InputError(f"review: {error.json_path}: {error.message[:200]}", "invalid_review")
    if document["plan"] is not None:
        validate_plan(document["plan"])


def roi_entry(roi: RotatedBox) -> dict[str, Any]:
    """A region as plain numbers, to 1e-4 mm and degree."""
    return {
        "center_mm": [round(value, 4) + 0.0 for value in roi.center_mm],
        "size_mm": [round(value, 4) for value in roi.size_mm],
        "angle_deg": round(roi.angle_deg, 4) + 0.0,
    }


def roi_of_entry(entry: object) -> RotatedBox:
    """The region of plain numbers, such as a page sends.

    Raises:
        InputError: It is not a centre, a size and an angle (`bad_roi`).
        GeometryError: The numbers make no box.
    """
    try:
        if not isinstance(entry, Mapping):
            raise TypeError
        (x, y), (length, width) = entry["center_mm"], entry["size_mm"]
        numbers = [float(value) for value in (x, y, length, width, entry["angle_deg"])]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            "roi: needs center_mm [2], size_mm [2] and angle_deg, all numbers", "bad_roi"
        ) from error
    return RotatedBox((numbers[0], numbers[1]), (numbers[2], numbers[3]), numbers[4])


def _decided(
    case: ReviewCase,
    judgement: Judgement,
    settings: RunSettings,
    before: RotatedBox | None,
    outline: HandOutline | None,
) -> tuple[RotatedBox | None, dict[str, Any] | None]:
    """Region and plan after a decision."""
    if judgement.decision is Decision.REJECTED:
        return None, None
    if judgement.decision is Decision.ACCEPTED:
        if before is None:
            raise InputError(
                f"{case.name}: has no plan to accept; set the region by hand, or reject it",
                "no_plan",
            )
        return before, dict(case.plan.document)
    roi = judgement.roi
    if roi is None and outline is not None:
        roi = outline.roi
    if roi is None:
        raise InputError(f"{case.name}: a correction needs the region", "no_roi")
    if not _changes(case, before, roi, outline):
        raise InputError(
            f"{case.name}: region and mask are those of the automatic plan; accept it instead",
            "no_change",
        )
    return roi, corrected_plan(case, roi, settings, outline)


def _changes(
    case: ReviewCase, before: RotatedBox | None, after: RotatedBox, outline: HandOutline | None
) -> list[dict[str, Any]]:
    old = {} if before is None else roi_entry(before)
    new = roi_entry(after)
    moved = [
        {"what": what, "from": old.get(what), "to": value}
        for what, value in new.items()
        if old.get(what) != value
    ]
    if outline is None:
        return moved
    pixel_mm2 = math.prod(case.midsagittal.spacing_mm)
    area_mm2 = None if case.mask is None else round(float(case.mask.sum() * pixel_mm2), 4)
    redrawn = {"what": "mask_area_mm2", "from": area_mm2, "to": round(outline.area_mm2, 4)}
    return [*moved, redrawn]


@cache
def _validator() -> Draft202012Validator:
    text = files("callosal.configs").joinpath("review.schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))
