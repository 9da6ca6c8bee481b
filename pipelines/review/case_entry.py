"""One case as the page reads it: plan, regions, outline and places of its pictures."""

from collections.abc import Mapping
from typing import Any

from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.pictures.first_cause import document_cause
from callosal.pipelines.planning.protocol_words import protocol_words
from callosal.pipelines.review.case_files import ReviewCase
from callosal.pipelines.review.correction import automatic_roi, first_roi, is_joined, roi_limits
from callosal.pipelines.review.hand_outline import HandOutline, hand_outline
from callosal.pipelines.review.mask_entry import mask_entry, mask_of_entry
from callosal.pipelines.review.neighbours import neighbours_entry
from callosal.pipelines.review.picture_entry import place_entry
from callosal.pipelines.review.review_document import roi_entry
from callosal.pipelines.review.run_settings import RunSettings


def case_entry(
    case: ReviewCase, review: Mapping[str, Any] | None, settings: RunSettings
) -> dict[str, Any]:
    """Everything that the page needs of a case, except the pixels.

    Args:
        case: The case as `callosal infer` left it.
        review: Its newest review, if there is one.
        settings: Those of its run.
    """
    automatic = automatic_roi(case.plan, settings)
    return {
        "case_id": case.name,
        "plan": case.plan.document,
        "cause": standing_cause(case, review),
        "plan_sha256": case.plan_sha256,
        "automatic_roi": None if automatic is None else roi_entry(automatic),
        "first_roi": roi_entry(automatic or first_roi(case)),
        "roi_limits": roi_limits(case),
        "outline_mm": None if case.outline_mm is None else case.outline_mm.round(3).tolist(),
        "mask": None if case.mask is None else mask_entry(case.mask),
        "has_mask": not is_joined(case),
        "reviewed": _reviewed(case, review, settings),
        "pictures": {name: place_entry(place) for name, place in pictures_of(case).items()},
        "neighbours": neighbours_entry(case, review),
        "review": review,
        "revision": 0 if review is None else review["revision"],
    }


def standing_cause(case: ReviewCase, review: Mapping[str, Any] | None) -> str:
    """Why the plan that stands is not ok, in words: that of a review of this plan, if it has one.

    Args:
        case: The case as `callosal infer` left it.
        review: Its newest review, if there is one.
    """
    counts = review is not None and review["plan_sha256"] == case.plan_sha256
    reviewed = review["plan"] if review is not None and counts else None
    return _said_first(case.plan.document if reviewed is None else reviewed)


def _said_first(document: Mapping[str, Any]) -> str:
    """The first cause of doubt, and what a correction does to the stacks of a protocol."""
    protocol = protocol_words(document)
    stacks = (
        f"The stacks follow protocol {protocol}. After a correction they follow the callosum."
        if protocol
        else ""
    )
    return " ".join(part for part in (document_cause(document), stacks) if part)


def _reviewed(
    case: ReviewCase, review: Mapping[str, Any] | None, settings: RunSettings
) -> dict[str, Any] | None:
    """What follows from the mask of a review; None where the automatic one stands."""
    mask = None if review is None else review.get("mask")
    if mask is None or mask["shape"] != list(case.midsagittal.pixels.shape):
        return None
    drawn = mask_of_entry(mask, case.midsagittal.pixels.shape)
    return outline_entry(hand_outline(drawn, case.midsagittal, settings))


def outline_entry(outline: HandOutline) -> dict[str, Any]:
    """Region and outline of a mask that a person drew."""
    return {
        "roi": roi_entry(outline.roi),
        "outline_mm": outline.contour_mm[::2].round(3).tolist(),
    }


def pictures_of(case: ReviewCase) -> dict[str, SliceImage]:
    """The pictures of a case by name."""
    return {"midsagittal": case.midsagittal, **case.reformats}
