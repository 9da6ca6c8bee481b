"""A bank of slices with masks, all on one grid, held in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.models.errors import DataError

Item = TypeVar("Item")


@dataclass(frozen=True, eq=False)
class LabelledSlice:
    """One midsagittal slice with its callosum mask (rows S to I, columns A to P).

    Attributes:
        name: Subject, for messages and tables.
        site: Scanner site, the unit of every split.
        image: Raw intensities, shape (H, W).
        mask: Callosum, 0 or 1, shape (H, W).
        spacing_mm: Distance between rows and between columns, in mm.
    """

    name: str
    site: str
    image: NDArray[np.generic]
    mask: NDArray[np.uint8]
    spacing_mm: tuple[float, float]


@dataclass(frozen=True, eq=False)
class SliceBank:
    """Slices on one square grid.

    Attributes:
        names: Subject of each slice.
        sites: Site of each slice.
        images: Intensities scaled so that the 99.9th percentile is 1, float16, shape (N, S, S).
        masks: 0 or 1, uint8, shape (N, S, S).
        spacing_mm: Pixel size of the grid in mm.
    """

    names: tuple[str, ...]
    sites: tuple[str, ...]
    images: NDArray[np.float16]
    masks: NDArray[np.uint8]
    spacing_mm: float

    def __len__(self) -> int:
        return len(self.names)


def evenly_spread(slices: Sequence[Item], limit: int | None) -> list[Item]:
    """At most `limit` slices (or their numbers), evenly spread over all; all without a limit.

    Raises:
        DataError: The limit is below 1.
    """
    if limit is None:
        return list(slices)
    if limit < 1:
        raise DataError(f"a limit of {limit} leaves no slice; use 1 or more", code="wrong_limit")
    return list(slices[:: max(1, len(slices) // limit)][:limit])


def make_bank(slices: Iterable[LabelledSlice], spacing_mm: float, size: int) -> SliceBank:
    """Bring slices to one grid and keep them.

    Args:
        slices: Slices of any size and spacing; anisotropic pixels are honoured.
        spacing_mm: Pixel size of the bank in mm.
        size: Rows and columns of the bank; slices are padded or cut about their centre.

    Raises:
        DataError: There is no slice at all.
    """
    names: list[str] = []
    sites: list[str] = []
    images: list[NDArray[np.float16]] = []
    masks: list[NDArray[np.uint8]] = []
    for labelled in slices:
        names.append(labelled.name)
        sites.append(labelled.site)
        images.append(to_grid(scaled(labelled.image), labelled, spacing_mm, size))
        mask = to_grid(labelled.mask.astype(np.float32), labelled, spacing_mm, size)
        masks.append((mask > 0.5).astype(np.uint8))
    if not names:
        raise DataError("no labelled slice was found for this split", code="no_slices")
    return SliceBank(tuple(names), tuple(sites), np.stack(images), np.stack(masks), spacing_mm)


def join_banks(banks: Sequence[SliceBank], shares: Sequence[float]) -> SliceBank:
    """One bank in which each has a share: the slices of those too small for theirs come again.

    Args:
        banks: At least one, all on one grid.
        shares: Share of each in the new bank, above 0; together 1.
    """
    total = max(len(bank) / share for bank, share in zip(banks, shares, strict=True))
    pairs = [
        (bank, np.resize(np.arange(len(bank)), round(total * share)))
        for bank, share in zip(banks, shares, strict=True)
    ]
    return SliceBank(
        tuple(bank.names[row] for bank, chosen in pairs for row in chosen),
        tuple(bank.sites[row] for bank, chosen in pairs for row in chosen),
        np.concatenate([bank.images[chosen] for bank, chosen in pairs]),
        np.concatenate([bank.masks[chosen] for bank, chosen in pairs]),
        banks[0].spacing_mm,
    )


def scaled(image: NDArray[np.generic]) -> NDArray[np.float32]:
    """Divide by the 99.9th percentile, which half precision then holds without loss."""
    values = image.astype(np.float32)
    top = float(np.percentile(values, 99.9))
    return values / top if top > 0 else values


def to_grid(
    pixels: NDArray[np.float32], labelled: LabelledSlice, spacing_mm: float, size: int
) -> NDArray[np.float16]:
    """Resample about the image centre onto (size, size) pixels of spacing_mm."""
    step = spacing_mm / np.array(labelled.spacing_mm)
    center = (np.array(pixels.shape) - 1) / 2
    offset = center - step * (size - 1) / 2
    if np.allclose(step, 1):
        # Whole-pixel shifts keep the labels as they are.
        offset = np.rint(offset)
        resampled = ndimage.affine_transform(pixels, step, offset, (size, size), order=0)
    else:
        sigma = np.clip((step - 1) / 2, 0, None)
        smooth = ndimage.gaussian_filter(pixels, sigma) if sigma.any() else pixels
        resampled = ndimage.affine_transform(smooth, step, offset, (size, size), order=1)
    return resampled.astype(np.float16)
