"""The slices of a reviewed case with the masks that a person answers for."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from callosal.models.errors import InputError
from callosal.pipelines.collection.labelled_cases import LabelledCase
from callosal.pipelines.datasets.participants import Participant
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.review.case_files import read_case
from callosal.pipelines.review.history import latest_review
from callosal.pipelines.review.mask_entry import Mask, mask_of_entry
from callosal.pipelines.review.neighbours import neighbour_slices, reviewed_masks


@dataclass(frozen=True, eq=False)
class CollectedPair:
    """One slice to train on.

    Attributes:
        case: The case it belongs to.
        participant: Its row in participants.tsv.
        pixels: Gray levels, shape (H, W).
        mask: 1 in the callosum, shape (H, W).
        spacing_mm: Size of the square pixels.
        label: `drawn` or `accepted`.
        offset_mm: Distance from the midsagittal plane, toward the patient's right.
    """

    case: LabelledCase
    participant: Participant
    pixels: NDArray[np.int16]
    mask: Mask
    spacing_mm: float
    label: str
    offset_mm: float


def case_pairs(case: LabelledCase, person: Participant) -> Iterator[CollectedPair]:
    """The midsagittal slice, and those beside it whose mask a person has drawn.

    A slice from which a person erased the whole mask is left out: `fit` takes no empty mask.

    Args:
        case: The case.
        person: Its row in participants.tsv; the slices beside the midsagittal one are named after
            it, and so stay in its split.

    Raises:
        InputError: Review, slices or masks cannot be read.
    """
    content = read_case(case.run, case.name)
    review = latest_review(case.folder)
    if case.label != "none":
        drawn = None if review is None else review.get("mask")
        place = content.midsagittal
        mask = content.mask if drawn is None else mask_of_entry(drawn, place.pixels.shape)
        if mask is None:
            raise InputError(f"{case.name}: has no mask", "no_mask")
        yield _pair(case, person, place, mask, case.label, 0.0)
    places = neighbour_slices(content)
    for offset_mm, mask in reviewed_masks(content, review).items():
        if mask.any():
            side = "right" if offset_mm > 0 else "left"
            beside = replace(person, name=f"{person.name}_acq-{side}{abs(offset_mm):.0f}mm")
            yield _pair(case, beside, places[offset_mm], mask, "drawn", offset_mm)


def _pair(
    case: LabelledCase,
    person: Participant,
    place: SliceImage,
    mask: Mask,
    label: str,
    offset_mm: float,
) -> CollectedPair:
    pixels = np.rint(place.pixels).astype(np.int16)
    return CollectedPair(case, person, pixels, mask, place.spacing_mm[0], label, offset_mm)
