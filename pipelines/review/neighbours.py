"""The slices beside the midsagittal one under review: for the page, in a review, and on disk.

Their masks change neither plan nor measures, which are those of the midsagittal slice; `callosal
collect` makes training pairs of those that a person has corrected.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from callosal.models.errors import InputError
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.midplane.sagittal_slice import NEIGHBOURS_MM
from callosal.pipelines.outputs.atomic import remove, write_bytes
from callosal.pipelines.outputs.file_names import REVIEWED_NEIGHBOUR_MASKS
from callosal.pipelines.pictures.neighbour_slab import slab_mask_bytes
from callosal.pipelines.planning.plan_file import Plan
from callosal.pipelines.review.case_files import ReviewCase
from callosal.pipelines.review.mask_entry import Mask, mask_entry, mask_of_entry
from callosal.pipelines.review.picture_entry import place_entry
from callosal.pipelines.stitching.case import KIND as JOINED

NeighbourMasks = Mapping[float, Mask]
"""Corrected masks by the offset of their slice, one of `NEIGHBOURS_MM`."""


def neighbours_entry(case: ReviewCase, review: Mapping[str, Any] | None) -> dict[str, Any]:
    """The neighbouring slices as the page reads them, or why there are none.

    Args:
        case: The case as `callosal infer` left it.
        review: Its newest review, if there is one.
    """
    slab = case.neighbours
    if slab is None:
        return no_neighbours(_why_none(case.plan))
    corrected = reviewed_masks(case, review)
    slices = [
        {
            "offset_mm": offset_mm,
            "picture": _picture_name(offset_mm),
            "place": place_entry(place),
            "mask": mask_entry(mask),
            "reviewed": mask_entry(corrected[offset_mm]) if offset_mm in corrected else None,
        }
        for offset_mm, place, mask in zip(NEIGHBOURS_MM, slab.slices, slab.masks, strict=True)
    ]
    return {"slices": slices, "why_none": ""}


def no_neighbours(why: str) -> dict[str, Any]:
    """The entry of a case without neighbouring slices, with the reason in words."""
    return {"slices": [], "why_none": why}


def neighbour_pictures(case: ReviewCase) -> dict[str, SliceImage]:
    """The neighbouring slices by the names of their pictures."""
    slices = neighbour_slices(case)
    return {_picture_name(offset_mm): place for offset_mm, place in slices.items()}


def neighbour_slices(case: ReviewCase) -> dict[float, SliceImage]:
    """The neighbouring slices by their offset."""
    if case.neighbours is None:
        return {}
    return dict(zip(NEIGHBOURS_MM, case.neighbours.slices, strict=True))


def reviewed_masks(case: ReviewCase, review: Mapping[str, Any] | None) -> NeighbourMasks:
    """The masks of the neighbouring slices that a review of this plan corrected.

    Raises:
        InputError: They do not fit the slices of the case (`bad_mask`).
    """
    if review is None or review["plan_sha256"] != case.plan_sha256:
        return {}
    return neighbour_masks_of_entries(review.get("neighbours") or [], case)


def neighbour_masks_of_entries(entries: object, case: ReviewCase) -> NeighbourMasks:
    """The masks of plain numbers, such as a page sends.

    Args:
        entries: A list of objects with offset_mm and mask.
        case: The case, whose slices the masks must fit.

    Returns:
        Those that differ from the automatic ones.

    Raises:
        InputError: They do not fit the slices of the case (`bad_mask`).
    """
    slab = case.neighbours
    automatic = {} if slab is None else dict(zip(NEIGHBOURS_MM, slab.masks, strict=True))
    try:
        if not isinstance(entries, list):
            raise TypeError
        given = {float(entry["offset_mm"]): entry["mask"] for entry in entries}
        shapes = {offset_mm: automatic[offset_mm].shape for offset_mm in given}
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"neighbours: {case.name} has slices at "
            f"{', '.join(f'{offset_mm:g}' for offset_mm in automatic) or 'no offset'} mm; each "
            "entry needs offset_mm and mask",
            "bad_mask",
        ) from error
    masks = {offset: mask_of_entry(mask, shapes[offset]) for offset, mask in given.items()}
    return {
        offset_mm: mask
        for offset_mm, mask in sorted(masks.items())
        if (mask != automatic[offset_mm]).any()
    }


def neighbour_mask_entries(masks: NeighbourMasks) -> list[dict[str, Any]] | None:
    """Corrected masks in plain JSON types; None without any."""
    entries = [
        {"offset_mm": offset_mm, "mask": mask_entry(mask)} for offset_mm, mask in masks.items()
    ]
    return entries or None


def write_reviewed_neighbours(
    folder: Path, case: ReviewCase, masks: NeighbourMasks, midsagittal: Mask | None
) -> None:
    """Write the masks of the slab as reviewed, or only remove earlier ones.

    Args:
        folder: Folder of the case.
        case: The case.
        masks: Those that were corrected; the others stay as they were found.
        midsagittal: The corrected mask of the midsagittal slice; None for the automatic one.

    Raises:
        OutputError: The disk is full or read-only.
    """
    remove(folder / REVIEWED_NEIGHBOUR_MASKS)
    slab = case.neighbours
    if not masks or slab is None:
        return
    middle = case.mask if midsagittal is None else midsagittal
    if middle is None:
        middle = np.zeros_like(case.midsagittal.pixels, np.uint8)
    layers = [
        masks.get(offset, mask) for offset, mask in zip(NEIGHBOURS_MM, slab.masks, strict=True)
    ]
    content = slab_mask_bytes(case.midsagittal, middle, slab.slices, np.stack(layers))
    write_bytes(folder / REVIEWED_NEIGHBOUR_MASKS, content)


def _picture_name(offset_mm: float) -> str:
    return f"neighbour_{NEIGHBOURS_MM.index(offset_mm) + 1}"


def _why_none(plan: Plan) -> str:
    kind = plan.source.get("kind")
    if kind == JOINED:
        return "Joined stations have no neighbouring slices."
    if kind == "localizer":
        return "A scout has no neighbouring slices: its slices were combined on one plane."
    if plan.dof_estimated == 1:
        return "Single slices have no neighbours: these are cut from volumes only."
    if plan.final is None:
        return "Without a callosum, no neighbouring slices were kept."
    return "This run kept no neighbouring slices; callosal infer --overwrite adds them."
